"""An older text, or what changed since then, in place of the editor."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from console.core.texts import tr
from console.shell.parts import button, column, frame, label, row
from console.widgets.code_edit import CodeEdit
from console.widgets.diff_view import DiffView, summary


class Comparison(QWidget):
    """`closed` when the person wants the editor back."""

    closed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.title = label("", "strong")
        self.note = label("", "secondary")
        self.back = button(tr("Back to the editor"), self.closed.emit, name=tr("Back to the editor (Esc)"))
        bar = frame("tool-bar", row(self.title, self.note, None, self.back), (16, 6, 12, 6))
        self.diff = DiffView(tr("Differences"))
        self.text = CodeEdit(tr("Earlier revision"))
        self.text.set_read_only(True)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.diff)
        self._stack.addWidget(self.text)
        self.setLayout(column(bar, self._stack, gap=0))

    def show_diff(self, title: str, old: str, new: str) -> None:
        self.diff.show_diff(old, new)
        self._show(title, summary(self.diff.lines), self.diff)

    def show_text(self, title: str, text: str, language: str) -> None:
        self.text.set_language(language)
        self.text.load(text)
        self._show(title, "", self.text)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)

    def _show(self, title: str, note: str, part: QWidget) -> None:
        self.title.setText(title)
        self.note.setText(note)
        self._stack.setCurrentWidget(part)
        part.setFocus()
