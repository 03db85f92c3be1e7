"""A choice between a few views of the same thing, side by side."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QPushButton, QWidget

from console.shell.parts import row
from console.shell.theme import set_role


class Switch(QWidget):
    """One of `choices` (key, title) is always chosen; `chosen(key)` follows changes."""

    chosen = Signal(str)

    def __init__(self, name: str, choices: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.buttons: dict[str, QPushButton] = {}
        self._group = QButtonGroup(self)
        for key, title in choices:
            part = QPushButton(title)
            set_role(part, "chip")
            part.setCheckable(True)
            part.setChecked(not self.buttons)
            part.setAccessibleDescription(name)
            part.setCursor(Qt.CursorShape.PointingHandCursor)
            part.toggled.connect(lambda on, key=key: self.chosen.emit(key) if on else None)
            self._group.addButton(part)
            self.buttons[key] = part
        self.setLayout(row(*self.buttons.values(), gap=6))

    @property
    def key(self) -> str:
        return next(key for key, part in self.buttons.items() if part.isChecked())

    def choose(self, key: str) -> None:
        self.buttons[key].setChecked(True)

    def set_enabled(self, key: str, enabled: bool) -> None:
        """A view that is not possible now is left."""
        self.buttons[key].setEnabled(enabled)
        if not enabled and self.key == key:
            self.choose(next(iter(self.buttons)))
