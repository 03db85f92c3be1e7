"""A command to paste somewhere else, with its copy button."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QVBoxLayout, QWidget

from console.core.texts import tr
from console.shell.parts import button, label, row
from console.shell.theme import Theme, set_role

COPIED_MS = 2000


class CommandBox(QWidget):
    def __init__(self, theme: Theme, title: str) -> None:
        super().__init__()
        self._theme = theme
        self.text = QPlainTextEdit()
        set_role(self.text, "code")
        self.text.setFont(theme.font("mono"))
        self.text.setReadOnly(True)
        self.text.setAccessibleName(title)
        self.text.setFrameShape(QFrame.Shape.NoFrame)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.text.setTabChangesFocus(True)
        self.copy = button(tr("Copy"), self._copy, "quiet", icon="copy", name=tr("Copy: {what}", what=title))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(row(label(title, "header"), None, self.copy))
        layout.addWidget(self.text)

    def show_command(self, command: str) -> None:
        self.text.setPlainText(command)
        lines = command.count("\n") + 1
        self.text.setFixedHeight(lines * self._theme.line_height + 18)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())
        self.copy.setText(" " + tr("Copied"))
        QTimer.singleShot(COPIED_MS, self.copy, lambda: self.copy.setText(" " + tr("Copy")))
