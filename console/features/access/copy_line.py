"""A text to take elsewhere, with its copy button."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLineEdit, QWidget

from console.core.texts import tr
from console.shell.parts import button, column, label, row
from console.shell.theme import theme

_COPIED_MS = 2000


class CopyLine(QWidget):
    """What is shown may be easier to read than what is copied."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self._copied = ""
        self.line = QLineEdit()
        self.line.setReadOnly(True)
        self.line.setFont(theme().font("mono"))
        self.line.setAccessibleName(title)
        self.copy = button(tr("Copy"), self._copy, "quiet", icon="copy", name=tr("Copy: {what}", what=title))
        self.setLayout(column(label(title, "header"), row(self.line, self.copy), gap=4))

    def show_text(self, shown: str, copied: str) -> None:
        self._copied = copied
        self.line.setText(shown)
        self.line.setCursorPosition(0)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._copied)
        self.copy.setText(" " + tr("Copied"))
        QTimer.singleShot(_COPIED_MS, self.copy, lambda: self.copy.setText(" " + tr("Copy")))
