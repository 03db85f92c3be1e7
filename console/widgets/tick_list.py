"""Some of a few named things, each with a box to tick."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem

from console.shell.theme import set_role, theme

_KEY = Qt.ItemDataRole.UserRole
_LINES = 5


class TickList(QListWidget):
    """`ticks_changed` follows what a person ticks. Space ticks, letters go to a name."""

    ticks_changed = Signal()

    def __init__(self, title: str) -> None:
        super().__init__()
        self.setAccessibleName(title)
        set_role(self, "lines")
        self.setMaximumHeight(_LINES * theme().row_height)
        self._quiet = False
        self.itemChanged.connect(self._tell)

    def show_names(self, names: Mapping[int, str]) -> None:
        """These, by name; what is ticked stays so."""
        ticked = set(self.ticked())
        self._quiet = True
        self.clear()
        for key, name in sorted(names.items(), key=lambda one: (one[1].casefold(), one[0])):
            item = QListWidgetItem(name, self)
            item.setData(_KEY, key)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(_state(key in ticked))
        self._quiet = False
        self.setMinimumHeight(min(self.count() * theme().row_height, self.maximumHeight()))

    def tick(self, keys: Iterable[int]) -> None:
        """These and no others."""
        wanted = set(keys)
        self._quiet = True
        for item in self._items():
            item.setCheckState(_state(item.data(_KEY) in wanted))
        self._quiet = False

    def ticked(self) -> list[int]:
        return [item.data(_KEY) for item in self._items() if item.checkState() is Qt.CheckState.Checked]

    def _items(self) -> list[QListWidgetItem]:
        return [self.item(at) for at in range(self.count())]

    def _tell(self, _item: QListWidgetItem) -> None:
        if not self._quiet:
            self.ticks_changed.emit()


def _state(ticked: bool) -> Qt.CheckState:
    return Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked
