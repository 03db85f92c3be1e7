"""Before work goes to many devices: their number, typed by hand."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from console.core.texts import tr
from console.shell.parts import label, row

_WIDTH = 100
_DIGITS = 9
ANY = -1
"""Some number that only the service knows: it says so when it is another one."""


class CountCheck(QWidget):
    """Hidden until `ask_for` some number; another number has to be typed anew."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._count = 0
        self.text = label("", "strong")
        self.box = QLineEdit()
        self.box.setFixedWidth(_WIDTH)
        self.box.setAccessibleName(tr("Number of devices"))
        self.box.textEdited.connect(lambda _text: self.changed.emit())
        self.setLayout(row(self.text, self.box, None))
        self.hide()

    def ask_for(self, count: int) -> None:
        """0: nothing is asked; ANY: a number."""
        if count == self._count:
            return
        self._count = count
        self.box.clear()
        asked = tr("Type the number of devices")
        self.text.setText(asked if count == ANY else tr("{asked}: {count}", asked=asked, count=count))
        self.box.setAccessibleDescription(self.text.text())
        self.setVisible(count != 0)

    @property
    def confirmed(self) -> int | None:
        """The number that was asked for and typed."""
        return int(self._typed()) if self._count and not self.wrong() else None

    def wrong(self) -> str:
        typed = self._typed()
        if self._count == ANY:
            is_number = typed.isascii() and typed.isdigit() and len(typed) <= _DIGITS
            return "" if is_number else tr("Type the number to go on.")
        if self._count and typed != str(self._count):
            return tr("Type {count} to go on.", count=self._count)
        return ""

    def _typed(self) -> str:
        return self.box.text().replace(",", "").strip()
