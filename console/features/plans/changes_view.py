"""What changed between two states of a profile, in place of the editor."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from console.core.plan_changes import Change
from console.core.texts import plural, tr
from console.shell.parts import button, column, frame, label, row
from console.shell.theme import set_role
from console.widgets.lines import Lines

_KINDS = {
    "label": ("Changed", "accent"),
    "changed": ("Changed", "accent"),
    "added": ("Added", "good"),
    "removed": ("Removed", "bad"),
    "moved": ("Moved", "idle"),
}


class ChangesView(QWidget):
    """`closed` when the person wants the editor back."""

    closed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.title = label("", "strong")
        self.note = label("", "secondary")
        self.back = button(tr("Back to the editor"), self.closed.emit, name=tr("Back to the editor (Esc)"))
        bar = frame("tool-bar", row(self.title, self.note, None, self.back), (16, 6, 12, 6))
        self.lines = Lines(tr("Differences"))
        self.same = label(tr("Nothing differs."), "muted")
        inside = QWidget()
        set_role(inside, "scrolled")
        listed = column(self.same, self.lines, None, gap=12)
        listed.setContentsMargins(16, 16, 16, 16)
        inside.setLayout(listed)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(inside)
        self.setLayout(column(bar, area, gap=0))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def show_changes(self, title: str, changes: Sequence[Change]) -> None:
        self.title.setText(title)
        count = len(changes)
        self.note.setText(plural(count, "{count} difference", "{count} differences") if count else "")
        self.same.setVisible(not count)
        said = []
        for change in changes:
            word, tone = _KINDS[change.kind]
            name = change.title or tr("Without a name")
            said.append((tr(word), tone, "\n".join((name, *change.lines))))
        self.lines.show_lines(said)
        self.back.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)
