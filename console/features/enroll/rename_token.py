"""Another name for a token."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QLineEdit, QWidget

from console.core.texts import tr
from console.features.enroll.new_token import MAX_NAME
from console.features.enroll.ops import rename_token
from console.shell.context import Context
from console.shell.parts import button, column, label, row
from console.widgets.form import Field

_WIDTH = 420


class RenameDialog(QDialog):
    def __init__(self, parent: QWidget, context: Context, token_id: int, name: str) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Rename the token"))
        self.setFixedWidth(_WIDTH)
        self._context, self._token_id = context, token_id
        self.box = QLineEdit(name)
        self.box.setMaxLength(MAX_NAME)
        self.name = Field(tr("Name"), self.box)
        self.go = button(tr("Rename"), self._rename, "primary")
        lines = column(
            label(tr("Rename the token"), "title"),
            self.name,
            row(None, button(tr("Cancel"), self.reject), self.go),
            gap=12,
        )
        lines.setContentsMargins(20, 20, 20, 16)
        self.setLayout(lines)
        self.go.setDefault(True)
        self.box.selectAll()
        self.box.setFocus()

    def _rename(self) -> None:
        self._context.ops.run(
            rename_token(self._context.client, self._token_id, self.box.text().strip()),
            on_success=lambda _token: self.accept(),
            on_error=lambda refusal: self.name.set_error(refusal.detail),
            owner=self,
        )
