"""Where one thing is installed: the devices, with their versions."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

import msgspec
from PySide6.QtWidgets import QMenu, QStackedWidget

from backend_lite.contract.live import DEVICE
from backend_lite.contract.software import InstalledOn
from console.core import software_ops as ops
from console.core import words
from console.core.formatting import NOTHING, Clock
from console.core.live import LiveBatch, LiveStore
from console.core.texts import tr
from console.features.software.removing import ask_uninstall
from console.shell.context import Context
from console.shell.needing import gate
from console.shell.page import Page
from console.shell.parts import PageHeader, button, column
from console.widgets.count_chips import Count, CountChips
from console.widgets.empty_state import EmptyState
from console.widgets.filter_bar import FilterBar
from console.widgets.live_table import LiveTable
from console.widgets.table_columns import Column, Kind, Pill, pill_column

Object = dict[str, Any]
_CHIPS = 6


class PlacesPage(Page):
    """Its target is the name as devices list it."""

    key = "installed-on"

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.name = ""
        self._text = ""
        self.setWindowTitle(tr("Installed software"))
        self.crumb = button(
            tr("Installed software /"), lambda: context.navigator.open("installed-software"), "link"
        )
        self.remove = button(
            tr("Uninstall…"),
            self.uninstall,
            name=tr("Uninstall from the chosen devices"),
            need=context.rights.need("rollouts:run"),
        )
        self.again = button(tr("Read again"), self.load)
        self.header = PageHeader("", self.again, self.remove, crumb=self.crumb)
        self.filter = FilterBar(self, tr("Filter devices"))
        self.versions = CountChips(tr("Versions"))
        self.header.below.addWidget(self.filter)
        self.header.below.addWidget(self.versions)
        self.header.below.addStretch(1)
        self.table = LiveTable(
            "installed-places",
            tr("Devices that have it"),
            _columns(context.live, context.clock),
            lambda one: f"{one['hostname']} {one['version']}".lower(),
            context.settings,
            sort="device",
        )
        self.nothing = EmptyState(
            "device",
            tr("It is nowhere any more"),
            tr("No device lists it. What you see follows what agents tell."),
            button(tr("What is installed"), lambda: context.navigator.open("installed-software"), "primary"),
        )
        self.centre = QStackedWidget()
        self.centre.addWidget(self.table)
        self.centre.addWidget(self.nothing)
        self.setLayout(column(self.header, self.centre, gap=0))
        self._connect()

    def show_target(self, target: str | None) -> None:
        name = target or ""
        if name != self.name:
            self.name = name
            self._fill([])
        self.header.title.setText(name)
        self.setWindowTitle(name or tr("Installed software"))
        self.load()

    def subjects(self) -> tuple[int, ...]:
        return tuple(dict.fromkeys(one["device_id"] for one in self.table.selected_objects()))

    def load(self) -> None:
        self._context.ops.run(
            ops.devices_with(self._context.client, self.name),
            on_success=partial(self._show, self.name),
            owner=self,
        )

    def uninstall(self) -> None:
        """From the chosen devices, or from all that are shown."""
        chosen = self.table.selected_objects() or list(self.table.model_.shown_objects())
        if chosen:
            ask_uninstall(self._context, self.name, [one["device_id"] for one in chosen])

    # ---- inside

    def _connect(self) -> None:
        self.filter.changed.connect(self._filter)
        self.filter.left.connect(self.table.setFocus)
        self.versions.chosen.connect(lambda _key: self._apply())
        self.table.typed.connect(self.filter.begin)
        self.table.opened.connect(self._open)
        self.table.menu_opening.connect(self._fill_menu)
        self.destroyed.connect(self._context.live.subscribe(DEVICE, self._devices))

    def _show(self, name: str, found: list[InstalledOn]) -> None:
        if name == self.name:
            self._fill(found)
            self.centre.setCurrentWidget(self.table if found else self.nothing)

    def _fill(self, found: list[InstalledOn]) -> None:
        rows = {n: {"id": n, **msgspec.to_builtins(one)} for n, one in enumerate(found, 1)}
        self.table.model_.take(rows, set(), reset=True)
        counts = Counter(one.version for one in found).most_common(_CHIPS)
        self.versions.show_counts(
            [
                Count(version, f"{version or tr('no version')} · {count:,}")
                for version, count in (counts if len(counts) > 1 else [])
            ]
        )
        devices = len({one.device_id for one in found})
        self.header.note.setText(f"{devices:,}" if devices else "")
        self.remove.setEnabled(bool(found))

    def _devices(self, batch: LiveBatch) -> None:
        shown = [one["id"] for one in self.table.model_.shown_objects() if one["device_id"] in batch.changed]
        if shown:
            self.table.model_.touch(shown)

    def _filter(self, text: str, _predicate: object) -> None:
        self._text = text
        self._apply()

    def _apply(self) -> None:
        version = self.versions.key
        only = (lambda one: one["version"] == version) if version else None
        self.table.model_.filter(self._text, only)

    def _open(self, n: int) -> None:
        found = self.table.model_.get(n)
        if found is not None:
            self._context.navigator.open("device", str(found["device_id"]))

    def _fill_menu(self, menu: QMenu) -> None:
        chosen = self.table.selected_objects()
        if len(chosen) == 1:
            menu.addAction(tr("Open the device")).triggered.connect(
                lambda _checked: self._open(chosen[0]["id"])
            )
        if chosen:
            gate(
                menu.addAction(tr("Uninstall…")), self._context.rights.need("rollouts:run")
            ).triggered.connect(lambda _checked: self.uninstall())


def _columns(live: LiveStore, clock: Clock) -> list[Column]:
    def contact(one: Object) -> Pill | None:
        device = live.get(DEVICE, one["device_id"])
        return None if device is None else Pill(*words.contact_word(device, clock()))

    def system(one: Object) -> str:
        device = live.get(DEVICE, one["device_id"])
        return NOTHING if device is None else words.device_system(device)

    return [
        Column("device", tr("Device"), lambda one: str(one["hostname"]), Kind.STRONG, width=200),
        pill_column("state", tr("State"), contact, width=140),
        Column("system", tr("System"), system, width=200),
        Column("version", tr("Version"), lambda one: one["version"] or NOTHING, width=160),
        Column("source", tr("Listed by"), lambda one: one["source"] or NOTHING, Kind.MUTED, width=120),
    ]
