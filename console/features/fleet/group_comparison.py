"""What somebody else made of a group, and what is in the editor."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from console.core.texts import tr
from console.features.fleet.group_form import Edited
from console.shell.parts import button, column, frame, label, row
from console.widgets.diff_view import DiffView, summary


class GroupComparison(QWidget):
    """`closed` when the person wants the editor back."""

    closed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.note = label("", "secondary")
        back = button(tr("Back to the editor"), self.closed.emit, name=tr("Back to the editor (Esc)"))
        title = label(tr("From theirs to yours"), "strong")
        bar = frame("tool-bar", row(title, self.note, None, back), (16, 6, 12, 6))
        self.diff = DiffView(tr("Differences"))
        self.setLayout(column(bar, self.diff, gap=0))

    def show_groups(self, theirs: Edited, mine: Edited) -> None:
        self.diff.show_diff(theirs.text(), mine.text())
        self.note.setText(summary(self.diff.lines))
        self.diff.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)
