"""Which devices to run on: a list with boxes that can be searched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from backend_lite.contract.live import DEVICE
from console.core import words
from console.core.texts import tr
from console.features.runs.targets import missing_language, problem
from console.shell.context import Context
from console.shell.parts import button, label, row
from console.widgets.device_ticks import DeviceTicks
from console.widgets.filter_bar import Choice
from console.widgets.live_table import LiveTable
from console.widgets.table_columns import Column, Kind, Pill, pill_column

Object = dict[str, Any]
_ROWS = 6


class DevicePicker(DeviceTicks):
    is_for_one = False
    _works: Sequence[Object] = ()
    _known: Sequence[tuple[Any, ...]] = ()

    def __init__(self, context: Context) -> None:
        super().__init__(
            context,
            ("pick-devices", tr("Devices to run on")),
            self._columns(context),
            _search,
            rows=_ROWS,
            choices=[
                Choice("all", tr("All")),
                Choice("online", tr("Online"), lambda device: bool(device.get("connected"))),
                Choice("chosen", tr("Chosen"), self.is_chosen),
            ],
        )
        self.count = label("", "secondary")
        self.all_shown = button(tr("Choose all shown"), self._choose_shown, "link")
        self.none = button(tr("Choose none"), lambda: self.choose(()), "link")
        self.lines.addLayout(row(self.count, None, self.all_shown, self.none))
        self.changed.connect(self._say_count)
        self.table.model_.counted.connect(lambda _shown, _total: self._say_count())
        self._say_count()

    def show_works(self, scripts: list[Object]) -> None:
        """Remarks are about what these need."""
        known = [(script["id"], script.get("target_os_type"), script.get("language")) for script in scripts]
        if known != self._known:
            self._known, self._works = known, list(scripts)
            self.show_again(set(self._context.live.kind(DEVICE)), "remark")

    def choose_one_only(self) -> None:
        """From now on a device takes the place of the one that was chosen."""
        self.is_for_one = True
        self.all_shown.hide()
        self.table.setSelectionMode(LiveTable.SelectionMode.SingleSelection)

    def toggle(self, device_ids: list[int]) -> None:
        if self.is_for_one:
            self.choose(set(device_ids) - self._chosen)
        else:
            super().toggle(device_ids)

    def _choose_shown(self) -> None:
        self.choose(self._chosen | {device["id"] for device in self.table.model_.shown_objects()})

    def _say_count(self) -> None:
        total = self.table.model_.total
        self.count.setText(
            tr("{chosen} of {total} chosen", chosen=f"{len(self._chosen):,}", total=f"{total:,}")
        )

    def _columns(self, context: Context) -> list[Column]:
        def contact(device: Object) -> Pill:
            return Pill(*words.contact_word(device, context.clock()))

        def remark(device: Object) -> Pill | None:
            for script in self._works:
                if why := problem(script, device):
                    return Pill(tr("Not possible"), "bad", why)
                if language := missing_language(script, device):
                    return Pill(tr("No {language}", language=language), "warning")
            return None

        return [
            Column("name", tr("Name"), lambda d: str(d.get("hostname") or d["id"]), Kind.STRONG, width=130),
            pill_column("contact", tr("Contact"), contact, width=110),
            Column("system", tr("System"), words.device_system, width=140),
            pill_column("remark", tr("Remark"), remark, width=150),
        ]


def _search(device: Object) -> str:
    parts = (
        device.get("hostname"),
        device.get("os_description"),
        device.get("os_type"),
        device.get("address"),
    )
    return " ".join(part for part in (*parts, *(device.get("tags") or ())) if part).lower()
