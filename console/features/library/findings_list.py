"""What a person should have seen in a script before it runs, below its text: each one leads to its line."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QListWidget, QListWidgetItem, QSizePolicy, QWidget

from backend_lite.contract.runs import Finding
from console.core import words
from console.core.texts import plural, tr
from console.features.library.script_texts import part_word
from console.shell.parts import ElidedLabel, column, label, row
from console.shell.theme import set_role, theme
from console.widgets.status_badge import StatusBadge

_ROWS = 4
_PLACE_WIDTH = 92
_WORD_WIDTH = 64


class FindingsList(QFrame):
    """Hidden while there is nothing to say. `wanted(finding)`: a click, or Enter."""

    wanted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        set_role(self, "tool-bar-bottom")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.shown: list[Finding] = []
        self.title = label("", "header")
        self.list = _List()
        self.list.setAccessibleName(tr("Findings in the script"))
        set_role(self.list, "findings")
        lines = column(self.title, self.list, gap=4)
        lines.setContentsMargins(theme().margin, 8, theme().margin, 8)
        self.setLayout(lines)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.list.itemClicked.connect(self._go)
        self.list.itemActivated.connect(self._go)
        self.hide()

    def show_findings(self, findings: Sequence[Finding]) -> None:
        if list(findings) == self.shown:
            return
        self.shown = list(findings)
        self.title.setText(
            plural(
                len(self.shown),
                "One thing to look at before it runs",
                "{count} things to look at before it runs",
            )
        )
        self.list.clear()
        for finding in self.shown:
            self._add(finding)
        rows = min(len(self.shown), _ROWS)
        self.list.setFixedHeight(rows * theme().row_height_compact + 2)
        self.setVisible(bool(self.shown))

    def _add(self, finding: Finding) -> None:
        item = QListWidgetItem()
        word, _tone = words.severity_word(finding.severity)
        place = _place(finding)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{word}. {place}. {finding.text}")
        item.setToolTip(finding.text)
        self.list.addItem(item)
        self.list.setItemWidget(item, _row(finding, place))

    def _go(self, item: QListWidgetItem) -> None:
        at = self.list.row(item)
        if 0 <= at < len(self.shown):
            self.wanted.emit(self.shown[at])


class _List(QListWidget):
    def __init__(self) -> None:
        super().__init__()
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setUniformItemSizes(True)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentItem() is not None:
            self.itemActivated.emit(self.currentItem())
        else:
            super().keyPressEvent(event)


def _place(finding: Finding) -> str:
    if not finding.part:
        return tr("Line {n}", n=finding.line)
    return tr("{part}, line {n}", part=part_word(finding.part), n=finding.line)


def _row(finding: Finding, place: str) -> QWidget:
    made = QWidget()
    made.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    badge = StatusBadge(*words.severity_word(finding.severity))
    badge.setMinimumWidth(_WORD_WIDTH)
    where = label(place, "secondary")
    where.setFixedWidth(_PLACE_WIDTH)
    line = row(badge, where, ElidedLabel(finding.text, ""), None)
    line.setContentsMargins(0, 0, 8, 0)
    made.setLayout(line)
    return made
