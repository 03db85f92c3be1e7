"""The filter above a table: a box for words, chips for usual choices, and how many rows are left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from console.core.texts import tr
from console.shell.flow import Flow
from console.shell.theme import set_role, theme
from console.widgets.query_box import QueryBox
from console.widgets.row_index import Predicate

_WAIT_MS = 40
_WIDTH, _NARROWEST = 260, 140


@dataclass(frozen=True)
class Choice:
    """A chip: only rows for which `predicate` holds; None is every row."""

    key: str
    title: str
    predicate: Predicate | None = None


class _Box(QLineEdit):
    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        elif event.key() in (Qt.Key.Key_Escape, Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.left.emit()
        else:
            super().keyPressEvent(event)


class FilterBar(QWidget):
    """`changed(text, predicate)` follows what a person types or chooses. `left` is Enter, Down or Esc: the
    keyboard belongs to the table again. Ctrl+F comes here from anywhere on `page`."""

    changed = Signal(str, object)
    left = Signal()

    def __init__(
        self,
        page: QWidget,
        hint: str,
        choices: Sequence[Choice] = (),
        box: QueryBox | None = None,
    ) -> None:
        super().__init__()
        self.box = box or _Box()
        self.box.setPlaceholderText(hint)
        self.box.setAccessibleName(hint)
        self.box.setClearButtonEnabled(True)
        self.box.setMinimumWidth(_NARROWEST)
        self.box.setMaximumWidth(_WIDTH)
        self.box.setTextMargins(24, 0, 0, 0)
        self._sign = QLabel()
        inside = QHBoxLayout(self.box)
        inside.setContentsMargins(9, 0, 0, 0)
        inside.addWidget(self._sign)
        inside.addStretch(1)
        self._choices = {choice.key: choice for choice in choices}
        self._chips: dict[str, QPushButton] = {}
        self._group = QButtonGroup(self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme().gap)
        # It gives way to the chips where there is little room, and takes no more than it needs.
        layout.addWidget(self.box, 2)
        layout.setAlignment(self.box, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(Flow(*(self._chip(choice) for choice in choices)), 3)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_WAIT_MS)
        self._timer.timeout.connect(self._tell)
        self.box.textChanged.connect(lambda _text: self._timer.start())
        self.box.left.connect(self.left)
        shortcut = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), page)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(self.focus_box)
        theme().changed.connect(self._tint)
        self._tint()

    @property
    def choice(self) -> str:
        """The key of the chosen chip, empty without chips."""
        return next((key for key, chip in self._chips.items() if chip.isChecked()), "")

    @property
    def predicate(self) -> Predicate | None:
        return self._choices[self.choice].predicate if self._chips else None

    def choose(self, key: str) -> None:
        self._chips[key].setChecked(True)
        self._tell()

    def set_count(self, key: str, count: int) -> None:
        """Says on a chip how many rows it would show."""
        title = self._choices[key].title
        self._chips[key].setText(tr("{title} · {count}", title=title, count=f"{count:,}") if count else title)

    def focus_box(self) -> None:
        self.box.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.box.selectAll()

    def begin(self, text: str) -> None:
        """Takes letters that were pressed in the table."""
        self.box.setFocus(Qt.FocusReason.OtherFocusReason)
        self.box.setText(text)

    def clear(self) -> None:
        """Everything is shown again."""
        self.box.clear()
        if self._chips:
            next(iter(self._chips.values())).setChecked(True)
        self._tell()

    def _chip(self, choice: Choice) -> QPushButton:
        chip = QPushButton(choice.title)
        set_role(chip, "chip")
        chip.setCheckable(True)
        chip.setChecked(not self._chips)
        chip.setCursor(Qt.CursorShape.PointingHandCursor)
        self._group.addButton(chip)
        self._chips[choice.key] = chip
        chip.clicked.connect(lambda _checked: self._tell())
        return chip

    def _tint(self) -> None:
        size = theme().icon_size
        self._sign.setPixmap(theme().icon("search").pixmap(QSize(size, size), self.devicePixelRatioF()))

    def _tell(self) -> None:
        self._timer.stop()
        self.changed.emit(self.box.text(), self.predicate)
