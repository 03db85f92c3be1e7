"""Fields of the set-up and sign-in screens."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from console.core.texts import tr
from console.shell.parts import button, column, label, row


class Field(QWidget):
    """A titled line to type in; `changed` and `entered` (Return)."""

    changed = Signal()
    entered = Signal()

    def __init__(self, title: str, text: str = "") -> None:
        super().__init__()
        self.edit = QLineEdit(text)
        self.edit.setAccessibleName(title)
        self.edit.textChanged.connect(lambda _text: self.changed.emit())
        self.edit.returnPressed.connect(self.entered)
        self._title = label(title, "header")
        self._title.setBuddy(self.edit)
        self._lines: QVBoxLayout = column(self._title, self.edit, gap=4)
        self.setLayout(self._lines)
        self.setFocusProxy(self.edit)

    @property
    def text(self) -> str:
        return self.edit.text()


class PasswordField(Field):
    """Hidden until a person asks to see it."""

    def __init__(self, title: str) -> None:
        super().__init__(title)
        self.edit.setEchoMode(QLineEdit.EchoMode.Password)
        self.show_it = button(tr("Show"), self._toggle, "link", name=tr("Show or hide the password"))
        self.show_it.setToolTip("")
        inside = row(None, self.show_it)
        inside.setContentsMargins(0, 0, 6, 0)
        self.edit.setLayout(inside)
        self.edit.setTextMargins(0, 0, 48, 0)

    def _toggle(self) -> None:
        hidden = self.edit.echoMode() is QLineEdit.EchoMode.Password
        self.edit.setEchoMode(QLineEdit.EchoMode.Normal if hidden else QLineEdit.EchoMode.Password)
        self.show_it.setText(tr("Hide") if hidden else tr("Show"))
