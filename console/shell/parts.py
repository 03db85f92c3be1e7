"""Small building blocks of pages, each with its role for the style sheet and its accessible name."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from console.core.own_rights import Need
from console.core.texts import tr
from console.shell.flow import Flow
from console.shell.needing import NeedingButton
from console.shell.theme import set_role, theme


def label(text: str, role: str = "", tone: str = "", *, wrap: bool = False) -> QLabel:
    """A text of the window's own, or of a device: it is always shown as plain text."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(wrap)
    if role:
        set_role(made, role, tone)
    return made


def button(
    text: str,
    on_click: Callable[[], object],
    role: str = "",
    *,
    icon: str = "",
    name: str = "",
    need: Need | None = None,
) -> QPushButton:
    """`name` is what a screen reader says where the text alone is not enough; `need` are the rights that it
    takes."""
    # Qt leaves hardly a hair between icon and text.
    words = f" {text}" if icon and text else text
    made = QPushButton(words) if need is None else NeedingButton(words, need)
    made.setCursor(Qt.CursorShape.PointingHandCursor)
    if role:
        set_role(made, role)
    if icon:
        theme().set_icon(made, icon, {"primary": "on_accent", "danger": "bad"}.get(role, "muted"))
    if name:
        made.setAccessibleName(name)
        made.setToolTip(name)
    made.clicked.connect(lambda _checked: on_click())
    return made


def icon_button(
    icon: str, name: str, on_click: Callable[[], object], need: Need | None = None
) -> QPushButton:
    made = button("", on_click, "quiet", icon=icon, name=name, need=need)
    made.setFixedWidth(theme().control)
    return made


def spin_box(name: str, least: int, most: int, value: int) -> QSpinBox:
    """A whole number, wide enough for the largest."""
    made = QSpinBox()
    made.setRange(least, most)
    made.setValue(value)
    made.setAccessibleName(name)
    # With a style sheet Qt puts the text at the very edge, and into one pixel without buttons.
    made.lineEdit().setTextMargins(8, 0, 0, 0)
    made.setFixedWidth(made.fontMetrics().horizontalAdvance("0") * len(str(most)) + 44)
    return made


def row(*items: QWidget | QLayout | None, gap: int | None = None) -> QHBoxLayout:
    """Side by side; None is the stretch."""
    layout = QHBoxLayout()
    _fill(layout, items, gap)
    return layout


def column(*items: QWidget | QLayout | None, gap: int | None = None) -> QVBoxLayout:
    """One under the other; None is the stretch."""
    layout = QVBoxLayout()
    _fill(layout, items, gap)
    return layout


def _fill(
    layout: QHBoxLayout | QVBoxLayout, items: tuple[QWidget | QLayout | None, ...], gap: int | None
) -> None:
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(theme().gap if gap is None else gap)
    for item in items:
        if item is None:
            layout.addStretch(1)
        elif isinstance(item, QWidget):
            layout.addWidget(item)
        else:
            layout.addLayout(item)


def frame(
    role: str, layout: QLayout, margins: tuple[int, int, int, int] = (0, 0, 0, 0), tone: str = ""
) -> QFrame:
    made = QFrame()
    made.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    set_role(made, role, tone)
    layout.setContentsMargins(*margins)
    made.setLayout(layout)
    return made


def card(*items: QWidget | QLayout | None) -> QFrame:
    margin = theme().margin
    return frame("card", column(*items), (margin, margin, margin, margin))


def rule() -> QFrame:
    made = QFrame()
    set_role(made, "rule")
    return made


def spacer(width: int = 0, height: int = 0) -> QWidget:
    made = QWidget()
    made.setFixedSize(width, height)
    made.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
    return made


_SHORTEST, _SHORTEST_TITLE = 60, 110


class ElidedLabel(QLabel):
    """Gives way when there is little room: what is cut off is in the tooltip."""

    def __init__(self, text: str, role: str, least: int = _SHORTEST) -> None:
        super().__init__(text)
        self._least = least
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        set_role(self, role)

    def minimumSizeHint(self) -> QSize:
        return QSize(min(self._least, self.sizeHint().width()), super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        metrics, text = self.fontMetrics(), self.text()
        if metrics.horizontalAdvance(text) <= self.width():
            self.setToolTip("")
            super().paintEvent(event)
            return
        self.setToolTip(text)
        painter = QPainter(self)
        painter.setPen(self.palette().windowText().color())
        short = metrics.elidedText(text, Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, short)


class PageHeader(QFrame):
    """The top of a page: crumb, title, marks and a note beside it, and the page's buttons on the right.

    `below` takes a second line, such as chips or a filter.
    """

    def __init__(
        self, title: str, *actions: QWidget, crumb: QWidget | None = None, marks: Sequence[QWidget] = ()
    ) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        set_role(self, "page-header")
        self.title = ElidedLabel(title, "page-title", _SHORTEST_TITLE)
        self.title.setMinimumHeight(theme().control)
        self.note = label("", "muted")
        self.mark = label("", "mark", "idle")
        self.mark.hide()
        self._named = QWidget()
        self._named.setLayout(row(*([crumb] if crumb else []), self.title, self.mark, *marks, self.note))
        self._actions = Flow(*actions, right=True)
        first = row(self._named)
        # Beside several lines of buttons it stays with the first.
        first.setAlignment(self._named, Qt.AlignmentFlag.AlignTop)
        first.addWidget(self._actions, 1)
        self.below = QHBoxLayout()
        self.below.setSpacing(theme().gap)
        self._column = column(first, self.below, gap=10)
        margin = theme().margin
        self._column.setContentsMargins(margin, 12, margin, 12)
        self.setLayout(self._column)

    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self._share_first_line()
        return super().event(event)

    def _share_first_line(self) -> None:
        """A long title gives way as long as that keeps the buttons on one line; else both get their share."""
        room = self.width() - 2 * theme().margin - theme().gap
        left = room - self._actions.sizeHint().width()
        enough = left >= self._named.minimumSizeHint().width()
        self._named.setMaximumWidth(left if enough else room // 2)

    def show_count(self, shown: int, total: int) -> None:
        """How many of a list's rows are shown, beside the title; nothing for an empty list."""
        if shown == total:
            self.note.setText(f"{total:,}" if total else "")
        else:
            self.note.setText(tr("{shown} of {total}", shown=f"{shown:,}", total=f"{total:,}"))

    def set_mark(self, text: str, tone: str = "idle") -> None:
        """A state beside the title; an empty text takes it away."""
        self.mark.setText(text)
        set_role(self.mark, "mark", tone)
        self.mark.setVisible(bool(text))


def split(across: Qt.Orientation, *parts: tuple[QWidget, int]) -> QSplitter:
    """Parts that a person can give more or less room, each with its share of what comes or goes."""
    made = QSplitter(across)
    for at, (part, share) in enumerate(parts):
        made.addWidget(part)
        made.setStretchFactor(at, share)
    made.setChildrenCollapsible(False)
    return made
