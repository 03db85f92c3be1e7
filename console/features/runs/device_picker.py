"""Which devices: a list with boxes that can be searched, however large the fleet is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from backend_lite.contract.fleet import Admission
from backend_lite.contract.live import DEVICE
from console.core import words
from console.core.live import LiveBatch
from console.core.texts import tr
from console.features.runs.targets import missing_language, problem
from console.shell.context import Context
from console.shell.parts import button, column, label, row
from console.shell.theme import theme
from console.widgets.filter_bar import Choice, FilterBar
from console.widgets.live_table import LiveTable
from console.widgets.table_columns import Column, Kind, Pill, pill_column

Object = dict[str, Any]
_ROWS = 6
_MANY = 100
"""So many rows are painted anew rather than looked at one by one."""


class DevicePicker(QWidget):
    """`changed` follows what is chosen, also when a chosen device goes away. Devices that wait for approval
    are left out: they cannot run anything."""

    changed = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._works: list[Object] = []
        self._known: list[tuple[Any, ...]] = []
        self._chosen: set[int] = set()
        self.is_for_one = False
        self.table = LiveTable("pick-devices", tr("Devices to run on"), self._columns(), _search, sort="name")
        self.table.setMinimumHeight((_ROWS + 1) * theme().row_height)
        self.filter = FilterBar(
            self,
            tr("Filter devices"),
            [
                Choice("all", tr("All")),
                Choice("online", tr("Online"), lambda device: bool(device.get("connected"))),
                Choice("chosen", tr("Chosen"), lambda device: device["id"] in self._chosen),
            ],
        )
        self.count = label("", "secondary")
        self.all_shown = button(tr("Choose all shown"), self._choose_shown, "link")
        self.none = button(tr("Choose none"), lambda: self.choose(()), "link")
        self.setLayout(
            column(self.filter, self.table, row(self.count, None, self.all_shown, self.none), gap=8)
        )
        self.filter.changed.connect(self.table.model_.filter)
        self.filter.left.connect(self.table.setFocus)
        self.table.typed.connect(self.filter.begin)
        self.table.ticked.connect(self.toggle)
        self.table.opened.connect(lambda device_id: self.toggle([device_id]))
        self.destroyed.connect(context.live.subscribe(DEVICE, self._take))
        self._say_count()

    @property
    def chosen(self) -> list[int]:
        """Ids, in ascending order, of the chosen devices that still exist."""
        return sorted(self._chosen)

    def chosen_devices(self) -> list[Object]:
        known = self._context.live.kind(DEVICE)
        return [known[device_id] for device_id in self.chosen if device_id in known]

    def show_works(self, scripts: list[Object]) -> None:
        """Remarks are about what these need."""
        known = [(script["id"], script.get("target_os_type"), script.get("language")) for script in scripts]
        if known != self._known:
            self._known, self._works = known, list(scripts)
            self._show_again(set(self._context.live.kind(DEVICE)), "remark")

    def choose(self, device_ids: Iterable[int]) -> None:
        before, self._chosen = self._chosen, self._possible(device_ids)
        self._touch(before | self._chosen)

    def choose_one_only(self) -> None:
        """From now on a device takes the place of the one that was chosen."""
        self.is_for_one = True
        self.all_shown.hide()
        self.table.setSelectionMode(LiveTable.SelectionMode.SingleSelection)

    def toggle(self, device_ids: list[int]) -> None:
        """Takes all of these in, or out when all of them were in."""
        wanted = self._possible(device_ids)
        if self.is_for_one:
            self.choose(wanted - self._chosen)
            return
        self._chosen = self._chosen - wanted if wanted <= self._chosen else self._chosen | wanted
        self._touch(wanted)

    def drop(self, device_ids: Iterable[int]) -> None:
        gone = set(device_ids)
        self._chosen -= gone
        self._touch(gone)

    def _possible(self, device_ids: Iterable[int]) -> set[int]:
        known = self._context.live.kind(DEVICE)
        return {key for key in device_ids if key in known and _is_approved(known[key])}

    def _touch(self, device_ids: set[int]) -> None:
        self._show_again(device_ids, "chosen")
        if not self.table.model_.is_building:
            self.table.model_.settle()
        self._say_count()
        self.changed.emit()

    def _show_again(self, device_ids: set[int], column: str) -> None:
        """The cells of `column` say something else; it matters to the order only where that is by it."""
        model = self.table.model_
        orders = column in (model.columns[model.sort_column].key, self.filter.choice)
        if len(device_ids) > _MANY and not orders:
            self.table.viewport().update()
        else:
            model.touch(device_ids)

    def _choose_shown(self) -> None:
        self.choose(self._chosen | {device["id"] for device in self.table.model_.shown_objects()})

    def _take(self, batch: LiveBatch) -> None:
        known = {key: device for key, device in batch.changed.items() if _is_approved(device)}
        gone = {*batch.removed, *(key for key in batch.changed if key not in known)}
        before = len(self._chosen)
        if batch.reset:
            self._chosen &= known.keys()
        self._chosen -= gone
        self.table.model_.take(known, gone, reset=batch.reset)
        self._say_count()
        if len(self._chosen) < before:
            self.changed.emit()

    def _say_count(self) -> None:
        total = self.table.model_.total
        self.count.setText(
            tr("{chosen} of {total} chosen", chosen=f"{len(self._chosen):,}", total=f"{total:,}")
        )

    def _columns(self) -> list[Column]:
        clock = self._context.clock

        def is_chosen(device: Object) -> bool:
            return device["id"] in self._chosen

        def contact(device: Object) -> Pill:
            return Pill(*words.contact_word(device, clock()))

        def remark(device: Object) -> Pill | None:
            for script in self._works:
                if why := problem(script, device):
                    return Pill(tr("Not possible"), "bad", why)
                if language := missing_language(script, device):
                    return Pill(tr("No {language}", language=language), "warning")
            return None

        return [
            Column(
                "chosen",
                "",
                lambda device: tr("chosen") if is_chosen(device) else tr("not chosen"),
                Kind.CHECK,
                is_chosen,
                sort=lambda device: not is_chosen(device),
                width=44,
            ),
            Column("name", tr("Name"), lambda d: str(d.get("hostname") or d["id"]), Kind.STRONG, width=130),
            pill_column("contact", tr("Contact"), contact, width=110),
            Column("system", tr("System"), words.device_system, width=140),
            pill_column("remark", tr("Remark"), remark, width=150),
        ]


def _is_approved(device: Object) -> bool:
    return device.get("admission") == Admission.APPROVED


def _search(device: Object) -> str:
    parts = (
        device.get("hostname"),
        device.get("os_description"),
        device.get("os_type"),
        device.get("address"),
    )
    return " ".join(part for part in (*parts, *(device.get("tags") or ())) if part).lower()
