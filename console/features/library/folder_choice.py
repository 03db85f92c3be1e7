"""Into which folder: one of those that there are, or a new one."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QWidget

from backend_lite.contract.library import MAX_FOLDER
from console.core.texts import tr
from console.features.library.folders import plain_folder
from console.shell.parts import button, column, label, row
from console.shell.theme import set_role
from console.widgets.form import Field

SIZE = (420, 400)


class FolderChoice(QDialog):
    """`chosen(folder)`; empty is the top of the library."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget, title: str, folders: Sequence[str], now: str) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.resize(*SIZE)
        self.box = QLineEdit(now)
        self.box.setMaxLength(MAX_FOLDER)
        self.box.setPlaceholderText(tr("None: the top of the library"))
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Folders"))
        set_role(self.list, "findings")
        self.list.addItems(sorted(folders, key=str.casefold))
        self.go = button(tr("Move"), self._choose, "primary")
        hint = tr("Choose one, or write a new one such as Windows/Clean up.")
        lines = column(
            label(title, "title", wrap=True),
            Field(tr("Folder"), self.box, hint),
            self.list,
            row(None, button(tr("Cancel"), self.reject), self.go),
            gap=12,
        )
        lines.setContentsMargins(20, 20, 20, 16)
        self.setLayout(lines)
        self.list.currentTextChanged.connect(self.box.setText)
        self.list.itemActivated.connect(lambda _item: self._choose())
        self.box.textEdited.connect(self._narrow)
        self.go.setDefault(True)
        self.box.setFocus()
        self.box.selectAll()

    def _narrow(self, text: str) -> None:
        """Shows the folders in whose names the text is."""
        wanted = text.strip().casefold()
        for at in range(self.list.count()):
            item = self.list.item(at)
            item.setHidden(wanted not in item.text().casefold())

    def _choose(self) -> None:
        self.accept()
        self.chosen.emit(plain_folder(self.box.text()))
