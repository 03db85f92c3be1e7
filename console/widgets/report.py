"""What came of work on many things, where not all of it could be done."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QListWidget, QWidget

from console.core.texts import tr
from console.shell.parts import button, column, label, row
from console.shell.theme import set_role

SIZE = (560, 360)


class Report(QDialog):
    """`sentences`: one for each thing that was not done, to be read and copied."""

    def __init__(self, parent: QWidget, title: str, text: str, sentences: Sequence[str]) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.resize(*SIZE)
        self.sentences = list(sentences)
        self.list = QListWidget()
        self.list.setAccessibleName(title)
        self.list.setWordWrap(True)
        set_role(self.list, "lines")
        self.list.addItems(self.sentences)
        self.close_ = button(tr("Close"), self.accept, "primary")
        lines = column(
            label(title, "title", wrap=True),
            label(text, "muted", wrap=True),
            self.list,
            row(button(tr("Copy"), self._copy), None, self.close_),
            gap=12,
        )
        lines.setContentsMargins(20, 20, 20, 16)
        self.setLayout(lines)
        self.close_.setFocus()

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText("\n".join(self.sentences))
