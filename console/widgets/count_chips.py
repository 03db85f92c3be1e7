"""Counts by sort that filter when pressed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton, QWidget

from console.shell.parts import row
from console.shell.theme import set_role


@dataclass(frozen=True)
class Count:
    """`text` holds the number already; `tone` is one of `good warning bad accent idle`."""

    key: str
    text: str
    tone: str = "idle"


class CountChips(QWidget):
    """`chosen(key)`: empty when no count is pressed any more."""

    chosen = Signal(str)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.chips: dict[str, QPushButton] = {}
        self._row = row(None, gap=6)
        self.setLayout(self._row)

    @property
    def key(self) -> str:
        return next((key for key, chip in self.chips.items() if chip.isChecked()), "")

    def show_counts(self, counts: Sequence[Count]) -> None:
        """In this order; a chosen one whose count is gone stays until it is let go."""
        wanted = {count.key: count for count in counts}
        for key, chip in list(self.chips.items()):
            chip.setVisible(key in wanted or chip.isChecked())
        for at, count in enumerate(counts):
            chip = self.chips.get(count.key) or self._new(count)
            if self._row.indexOf(chip) != at:
                self._row.insertWidget(at, chip)
            if chip.text() != count.text:
                chip.setText(count.text)

    def clear(self) -> None:
        """Nothing is pressed."""
        for chip in self.chips.values():
            chip.setChecked(False)

    def _new(self, count: Count) -> QPushButton:
        chip = QPushButton(count.text)
        set_role(chip, "chip", count.tone)
        chip.setCheckable(True)
        chip.setCursor(Qt.CursorShape.PointingHandCursor)
        chip.clicked.connect(lambda _checked: self._press(count.key))
        self.chips[count.key] = chip
        return chip

    def _press(self, key: str) -> None:
        for other, chip in self.chips.items():
            if other != key:
                chip.setChecked(False)
        self.chosen.emit(self.key)
