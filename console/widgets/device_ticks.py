"""Devices with boxes to tick, however large the fleet is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from backend_lite.contract.fleet import Admission
from backend_lite.contract.live import DEVICE
from console.core.live import LiveBatch
from console.core.texts import tr
from console.shell.context import Context
from console.shell.parts import column
from console.shell.theme import theme
from console.widgets.filter_bar import Choice, FilterBar
from console.widgets.live_table import LiveTable
from console.widgets.table_columns import Column, chosen_column

Object = dict[str, Any]
_MANY = 100
"""So many rows are painted anew rather than looked at one by one."""


class DeviceTicks(QWidget):
    """`changed` follows what is chosen, also when a chosen device goes away. Devices that wait for approval
    are left out: they cannot run anything."""

    changed = Signal()

    def __init__(
        self,
        context: Context,
        table: tuple[str, str],
        columns: Sequence[Column],
        search_of: Callable[[Object], str],
        *,
        rows: int,
        choices: Sequence[Choice] = (),
    ) -> None:
        """`table` is its name in the settings and its title; `columns` stand behind that of the boxes."""
        super().__init__()
        self._context = context
        self._chosen: set[int] = set()
        self.table = LiveTable(*table, [chosen_column(self.is_chosen), *columns], search_of, sort="name")
        self.table.setMinimumHeight((rows + 1) * theme().row_height)
        self.filter = FilterBar(self, tr("Filter devices"), choices)
        self.lines: QVBoxLayout = column(self.filter, self.table, gap=8)
        self.setLayout(self.lines)
        self.filter.changed.connect(self.table.model_.filter)
        self.filter.left.connect(self.table.setFocus)
        self.table.typed.connect(self.filter.begin)
        self.table.ticked.connect(self.toggle)
        self.table.opened.connect(lambda device_id: self.toggle([device_id]))
        self.destroyed.connect(context.live.subscribe(DEVICE, self._take))

    @property
    def chosen(self) -> list[int]:
        """Ids, in ascending order, of the chosen devices that still exist."""
        return sorted(self._chosen)

    def chosen_devices(self) -> list[Object]:
        known = self._context.live.kind(DEVICE)
        return [known[device_id] for device_id in self.chosen if device_id in known]

    def is_chosen(self, device: Object) -> bool:
        return device["id"] in self._chosen

    def choose(self, device_ids: Iterable[int]) -> None:
        before, self._chosen = self._chosen, self._possible(device_ids)
        self._touch(before | self._chosen)

    def toggle(self, device_ids: list[int]) -> None:
        """Takes all of these in, or out when all of them were in."""
        wanted = self._possible(device_ids)
        self._chosen = self._chosen - wanted if wanted <= self._chosen else self._chosen | wanted
        self._touch(wanted)

    def drop(self, device_ids: Iterable[int]) -> None:
        gone = set(device_ids)
        self._chosen -= gone
        self._touch(gone)

    def show_again(self, device_ids: set[int], column: str) -> None:
        """The cells of `column` say something else; it matters to the order only where that is by it."""
        model = self.table.model_
        orders = column in (model.columns[model.sort_column].key, self.filter.choice)
        if len(device_ids) > _MANY and not orders:
            self.table.viewport().update()
        else:
            model.touch(device_ids)

    def _possible(self, device_ids: Iterable[int]) -> set[int]:
        known = self._context.live.kind(DEVICE)
        return {key for key in device_ids if key in known and _is_approved(known[key])}

    def _touch(self, device_ids: set[int]) -> None:
        self.show_again(device_ids, "chosen")
        if not self.table.model_.is_building:
            self.table.model_.settle()
        self.changed.emit()

    def _take(self, batch: LiveBatch) -> None:
        known = {key: device for key, device in batch.changed.items() if _is_approved(device)}
        gone = {*batch.removed, *(key for key in batch.changed if key not in known)}
        before = len(self._chosen)
        if batch.reset:
            self._chosen &= known.keys()
        self._chosen -= gone
        self.table.model_.take(known, gone, reset=batch.reset)
        if len(self._chosen) < before:
            self.changed.emit()


def _is_approved(device: Object) -> bool:
    return device.get("admission") == Admission.APPROVED
