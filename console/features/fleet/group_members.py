"""The devices of a group in a table."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QMenu, QWidget

from backend_lite.contract.fleet import DEVICE_FIELDS
from backend_lite.contract.live import DEVICE
from backend_lite.contract.query import Node
from console.core.live import LiveBatch
from console.core.pause_request import PAUSE_DIALOG, PauseRequest
from console.core.run_request import RUN_DIALOG, RunRequest
from console.core.texts import plural, tr
from console.features.fleet.columns import SEARCHED, device_columns, search_text
from console.features.fleet.device_query import depends_on_time, known_words
from console.features.fleet.service_matches import LOOKING, ServiceMatches
from console.features.fleet.watch import FleetWatch
from console.shell.context import Context
from console.shell.needing import gate
from console.shell.parts import button, column, frame, label, row
from console.widgets.empty_state import EmptyState
from console.widgets.list_view import ListView
from console.widgets.live_table import LiveTable
from console.widgets.query_bar import ProblemLine, QueryBar
from console.widgets.row_index import Predicate

Object = dict[str, Any]
_TICK_MS = 5_000


class GroupMembers(QWidget):
    """Follows the live devices while it is seen. `add_wanted`, `remove_wanted(ids)`: of a group that names
    its devices."""

    add_wanted = Signal()
    remove_wanted = Signal(list)
    counted = Signal(int, int)

    def __init__(self, context: Context, watch: FleetWatch) -> None:
        super().__init__()
        self._context = context
        self._ids: set[int] = set()
        self._node: Node | None = None
        self._stops: list[Callable[[], None]] = []
        self.matches = ServiceMatches(self, context)
        self.of_group = ServiceMatches(self, context, in_rows=False)
        self.filter = QueryBar(
            self,
            tr("Filter the devices of the group"),
            DEVICE_FIELDS,
            self.matches.predicate,
            known=lambda: known_words(context.live.kind(DEVICE).values()),
            looks_into_rows=True,
        )
        self.table = LiveTable(
            "group-devices",
            tr("Devices of the group"),
            device_columns(watch, context.clock),
            search_text,
            context.settings,
            searched=SEARCHED,
            sort="name",
        )
        self.table.tick(_TICK_MS)
        self.count = label("", "secondary")
        self.remove = button(
            tr("Take out of the group"), self._remove, "danger", need=context.rights.need("groups:edit")
        )
        self.add = button(
            tr("Add devices…"), self.add_wanted.emit, icon="plus", need=context.rights.need("groups:edit")
        )
        self._empty_add = button(
            tr("Add devices…"), self.add_wanted.emit, need=context.rights.need("groups:edit")
        )
        self._show_all = button(tr("Show all of the group"), self.filter.clear)
        self.nobody = EmptyState(
            "device",
            tr("No devices yet"),
            tr("A device appears here as soon as its agent has reached the service."),
        )
        self.empty = EmptyState("group", "", "", self._empty_add, self._show_all)
        self.centre = ListView(context.live, self.table, self.filter, self.nobody, self.empty)
        line = row(self.filter, self.count, self.remove, self.add)
        line.setStretch(0, 1)
        bar = frame("tool-bar", line, (16, 8, 16, 8))
        self.problem = ProblemLine(self.filter.query_box)
        self.setLayout(column(bar, self.problem, self.centre, gap=0))
        self._again = QTimer(self)
        self._again.setInterval(_TICK_MS)
        self._again.timeout.connect(self._look_again)
        self._connect(watch)

    @property
    def is_named(self) -> bool:
        return self._node is None

    @property
    def ids(self) -> list[int]:
        """The named ones."""
        return sorted(self._ids)

    def show_named(self, device_ids: set[int]) -> None:
        self._ids, self._node = set(device_ids), None
        self.of_group.stop()
        self._apply(lambda device: device["id"] in self._ids)

    def show_query(self, node: Node) -> None:
        if node != self._node:
            self._ids, self._node = set(), node
            self._apply(self.of_group.predicate(node))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        _stop_all(self._stops)
        self._stops.append(self._context.live.subscribe(DEVICE, self._take))
        self._again.start()
        for matches in (self.matches, self.of_group):
            matches.ask()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._again.stop()
        _stop_all(self._stops)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete and self.remove.isEnabled() and self.is_named:
            self._remove()
        else:
            super().keyPressEvent(event)

    # ---- inside

    def _connect(self, watch: FleetWatch) -> None:
        self.table.opened.connect(lambda key: self._context.navigator.open("device", str(key)))
        self.table.selection_changed.connect(self._selected)
        self.table.menu_opening.connect(self._fill_menu)
        self.centre.counted.connect(self._say)
        self.filter.query_box.parsed.connect(self.matches.keep_to)
        for matches in (self.matches, self.of_group):
            matches.said.connect(self.problem.say_besides)
            matches.changed.connect(self._found_others)
        self.destroyed.connect(watch.subscribe(self.table.model_.touch))
        self.destroyed.connect(partial(_stop_all, self._stops))
        self._selected()

    def _take(self, batch: LiveBatch) -> None:
        self.table.take(batch)

    def _apply(self, holds: Predicate) -> None:
        self.add.setVisible(self.is_named)
        self._selected()
        self.centre.restrict(holds)

    def _found_others(self) -> None:
        self.table.model_.filter_again()
        self.centre.recount()

    def _look_again(self) -> None:
        nodes = (self._node, self.filter.query_box.node)
        if any(node is not None and depends_on_time(node) for node in nodes):
            self.table.model_.filter_again()

    def _selected(self) -> None:
        count = self.table.selected_count()
        self.remove.setText(
            plural(count, "Take out of the group", "Take {count} out of the group")
            if count
            else tr("Take out of the group")
        )
        self.remove.setEnabled(count > 0)
        self.remove.setVisible(self.is_named and count > 0)

    def _say(self, shown: int, _total: int) -> None:
        filtered = bool(self.filter.box.text().strip())
        self.count.setText(plural(shown, "{count} device", "{count} devices"))
        if filtered and self.is_named:
            self.count.setText(tr("{shown} of {total}", shown=f"{shown:,}", total=f"{len(self._ids):,}"))
        self._empty_add.setVisible(self.is_named and not filtered)
        self._show_all.setVisible(filtered)
        if self.matches.is_open or self.of_group.is_open:
            self.empty.say(*LOOKING)
        elif filtered:
            self.empty.say(tr("No device matches"), tr("No device of the group is what the filter asks for."))
        elif self.is_named:
            self.empty.say(tr("No devices in this group yet"), tr("Choose the devices that belong to it."))
        else:
            self.empty.say(
                tr("The query finds no device now"), tr("Devices that come to match belong to it.")
            )
        self.counted.emit(shown, len(self._ids))

    def _fill_menu(self, menu: QMenu) -> None:
        ids = self.table.selected_ids()
        if not ids:
            return
        navigator = self._context.navigator
        if len(ids) == 1:
            menu.addAction(tr("Open device")).triggered.connect(
                lambda _checked: navigator.open("device", str(ids[0]))
            )
        gate(
            menu.addAction(tr("Run on selection…")), self._context.rights.need("rollouts:run")
        ).triggered.connect(lambda _checked: navigator.ask(RUN_DIALOG, RunRequest(device_ids=tuple(ids))))
        gate(menu.addAction(tr("Pause work…")), self._context.rights.need("rollouts:run")).triggered.connect(
            lambda _checked: navigator.ask(PAUSE_DIALOG, PauseRequest(tuple(ids)))
        )
        if self.is_named:
            menu.addSeparator()
            gate(
                menu.addAction(self.remove.text()), self._context.rights.need("groups:edit")
            ).triggered.connect(lambda _checked: self._remove())

    def _remove(self) -> None:
        self.remove_wanted.emit(self.table.selected_ids())


def _stop_all(stops: list[Callable[[], None]]) -> None:
    while stops:
        stops.pop()()
