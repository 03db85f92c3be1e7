"""Before something dangerous happens on many devices: their number, typed by hand."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from console.core.texts import tr
from console.shell.parts import label, row

_WIDTH = 100


class CountCheck(QWidget):
    """Hidden until `ask_for` some number; another number has to be typed anew."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._count = 0
        self.text = label("", "error")
        self.box = QLineEdit()
        self.box.setFixedWidth(_WIDTH)
        self.box.setAccessibleName(tr("Number of devices"))
        self.box.textEdited.connect(lambda _text: self.changed.emit())
        line = row(self.text, self.box, None)
        self.setLayout(line)
        self.hide()

    def ask_for(self, count: int) -> None:
        """0: nothing is asked."""
        if count == self._count:
            return
        self._count = count
        self.box.clear()
        self.text.setText(
            tr(
                "This is dangerous. To go on, type the number of devices: {count}",
                count=count,
            )
        )
        self.box.setAccessibleDescription(self.text.text())
        self.setVisible(count > 0)

    def wrong(self) -> str:
        typed = self.box.text().replace(",", "").strip()
        if self._count and typed != str(self._count):
            return tr("Type {count} to go on.", count=self._count)
        return ""
