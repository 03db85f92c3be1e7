"""Choosing devices for a group."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QWidget

from backend_lite.contract.fleet import DEVICE_FIELDS
from backend_lite.contract.live import DEVICE
from console.core import words
from console.core.live import LiveBatch
from console.core.texts import plural, tr
from console.features.fleet.columns import SEARCHED, name, search_text
from console.features.fleet.device_query import known_words
from console.features.fleet.service_matches import ServiceMatches
from console.shell.context import Context
from console.shell.parts import button, column, label, row
from console.widgets.filter_bar import Choice
from console.widgets.live_table import LiveTable
from console.widgets.query_bar import ProblemLine, QueryBar
from console.widgets.table_columns import Column, Kind, Pill, chosen_column, pill_column, tags_column

Object = dict[str, Any]
SIZE = (720, 560)


class DevicePick(QDialog):
    """`picked(ids)`: what was chosen among the devices that are not `inside` already."""

    picked = Signal(list)

    def __init__(self, parent: QWidget, context: Context, title: str, inside: Iterable[int]) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.resize(*SIZE)
        self._context = context
        self._inside = frozenset(inside)
        self.chosen: set[int] = set()
        self.table = LiveTable(
            "pick-members", tr("Devices to add"), self._columns(), search_text, searched=SEARCHED, sort="name"
        )
        self.matches = ServiceMatches(self, context)
        self.filter = QueryBar(
            self,
            tr("Filter devices"),
            DEVICE_FIELDS,
            self.matches.predicate,
            [
                Choice("all", tr("All")),
                Choice("chosen", tr("Chosen"), lambda device: device["id"] in self.chosen),
            ],
            lambda: known_words(context.live.kind(DEVICE).values()),
            looks_into_rows=True,
        )
        self.problem = ProblemLine(self.filter.query_box)
        self.count = label("", "secondary")
        self.all_shown = button(tr("Choose all shown"), self._choose_shown, "link")
        self.none = button(tr("Choose none"), lambda: self.toggle(list(self.chosen)), "link")
        self.cancel = button(tr("Cancel"), self.reject)
        self.add = button("", self._add, "primary")
        lines = column(
            label(title, "title", wrap=True),
            self.filter,
            self.problem,
            self.table,
            row(self.count, None, self.all_shown, self.none),
            row(None, self.cancel, self.add),
            gap=10,
        )
        lines.setContentsMargins(20, 20, 20, 16)
        self.setLayout(lines)
        self._connect()
        self._say()

    def toggle(self, device_ids: list[int]) -> None:
        """Takes all of these in, or out when all of them were in."""
        wanted = set(device_ids)
        self.chosen = self.chosen - wanted if wanted <= self.chosen else self.chosen | wanted
        self.table.model_.touch(wanted)
        self._say()

    def _connect(self) -> None:
        table, filter_ = self.table, self.filter
        filter_.changed.connect(table.model_.filter)
        filter_.left.connect(table.setFocus)
        filter_.query_box.parsed.connect(self.matches.keep_to)
        self.matches.said.connect(self.problem.say_besides)
        self.matches.changed.connect(table.model_.filter_again)
        table.typed.connect(filter_.begin)
        table.ticked.connect(self.toggle)
        table.opened.connect(lambda device_id: self.toggle([device_id]))
        table.model_.counted.connect(lambda *_: self._say())
        self.destroyed.connect(self._context.live.subscribe(DEVICE, self._take))
        filter_.box.setFocus()

    def _take(self, batch: LiveBatch) -> None:
        outside = {key: device for key, device in batch.changed.items() if key not in self._inside}
        if batch.reset:
            self.chosen &= outside.keys()
        self.chosen -= batch.removed
        self.table.model_.take(outside, batch.removed, reset=batch.reset)

    def _choose_shown(self) -> None:
        shown = [device["id"] for device in self.table.model_.shown_objects()]
        self.toggle([key for key in shown if key not in self.chosen])

    def _say(self) -> None:
        count, total = len(self.chosen), self.table.model_.total
        self.count.setText(tr("{chosen} of {total} chosen", chosen=f"{count:,}", total=f"{total:,}"))
        self.add.setEnabled(count > 0)
        self.add.setText(plural(count, "Add {count} device", "Add {count} devices") if count else tr("Add"))

    def _add(self) -> None:
        self.accept()
        self.picked.emit(sorted(self.chosen))

    def _columns(self) -> list[Column]:
        clock = self._context.clock

        return [
            chosen_column(lambda device: device["id"] in self.chosen),
            Column("name", tr("Name"), name, Kind.STRONG, width=180),
            pill_column(
                "contact", tr("Contact"), lambda device: Pill(*words.contact_word(device, clock())), width=110
            ),
            Column("system", tr("System"), words.device_system, width=170),
            tags_column("tags", tr("Tags"), lambda device: device.get("tags") or (), width=140),
        ]
