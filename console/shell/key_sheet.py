"""All keys of the window on one sheet."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QGridLayout, QWidget

from console.core.texts import tr
from console.shell.feature import Command
from console.shell.parts import button, column, label, row


class KeySheet(QDialog):
    def __init__(self, commands: Iterable[Command], parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Keyboard shortcuts"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(32)
        grid.setVerticalSpacing(10)
        for line, command in enumerate(command for command in commands if command.shortcut):
            keys = QKeySequence(command.shortcut).toString(QKeySequence.SequenceFormat.NativeText)
            grid.addWidget(label(command.title), line, 0)
            grid.addWidget(label(keys, "key"), line, 1, Qt.AlignmentFlag.AlignRight)
        close = button(tr("Close"), self.accept, "primary")
        layout = column(label(tr("Keyboard shortcuts"), "title"), grid, row(None, close), gap=16)
        layout.setContentsMargins(20, 20, 20, 16)
        self.setLayout(layout)
