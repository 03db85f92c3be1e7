"""All devices."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from backend_lite.contract.fleet import DEVICE_FIELDS, Admission, Contact
from backend_lite.contract.live import DEVICE, GROUP
from console.core.live import LiveBatch
from console.core.live_tally import LiveTally
from console.core.pause_request import PAUSE_DIALOG, PauseRequest
from console.core.plan_request import ASSIGN_DIALOG, AssignRequest
from console.core.run_request import RUN_DIALOG, RunRequest
from console.core.texts import plural, tr
from console.features.fleet import group_ops, ops
from console.features.fleet.columns import SEARCHED, device_columns, search_text
from console.features.fleet.device_details import DeviceDetails
from console.features.fleet.device_query import depends_on_time, known_words
from console.features.fleet.group_changes import change_members, make_group
from console.features.fleet.group_choice import GroupChoice
from console.features.fleet.group_rail import EVERYTHING, GroupRail
from console.features.fleet.group_words import is_named
from console.features.fleet.removal import ask_removal
from console.features.fleet.service_matches import LOOKING, ServiceMatches
from console.features.fleet.tag_changes import ask_tags
from console.features.fleet.tag_dialog import TagDialog
from console.features.fleet.watch import FleetWatch
from console.shell.context import Context
from console.shell.needing import follow, gate
from console.shell.page import Page
from console.shell.parts import PageHeader, button, column, row
from console.widgets.audit_history import add_history
from console.widgets.empty_state import EmptyState
from console.widgets.filter_bar import Choice
from console.widgets.list_view import ListView
from console.widgets.live_table import LiveTable
from console.widgets.query_bar import ProblemLine, QueryBar
from console.widgets.saved_views import SavedView, SavedViews, ViewStore

Object = dict[str, Any]
_NOBODY = (
    tr("No devices yet"),
    tr("A device appears here as soon as its agent has reached the service. It takes one command."),
)
_NOBODY_OF_GROUPS = (
    tr("No devices for you yet"),
    tr("Your rights are for the devices of some groups, and none of those has a device."),
)
_NO_MATCH = tr("No device matches"), tr("No device is what the filter asks for.")
_TICK_MS = 5_000
_RAIL = "devices/groups"
# Plain words: these are looked up for every change of every device.
_PENDING = frozenset({Admission.PENDING.value, Admission.QUARANTINED.value})
_ONLINE = Contact.ONLINE.value


def is_pending(device: Object) -> bool:
    return device["admission"] in _PENDING


def choice_of(device: Object) -> str:
    """The chip that a device belongs to."""
    if is_pending(device):
        return "pending"
    return "online" if device["contact"] == _ONLINE else "away"


class DevicesPage(Page):
    key = "devices"

    def __init__(self, context: Context, watch: FleetWatch) -> None:
        super().__init__()
        self._context, self._watch = context, watch
        self.setWindowTitle(tr("Devices"))
        self.search_hint = tr("Search devices, scripts, runs or commands")
        self.matches = ServiceMatches(self, context)
        self.filter = QueryBar(
            self,
            tr("Filter devices"),
            DEVICE_FIELDS,
            self.matches.predicate,
            [
                Choice("all", tr("All")),
                Choice("online", tr("Online"), lambda device: choice_of(device) == "online"),
                Choice("away", tr("Away"), lambda device: choice_of(device) == "away"),
                Choice("pending", tr("Waiting for approval"), is_pending),
            ],
            lambda: known_words(context.live.kind(DEVICE).values()),
            looks_into_rows=True,
        )
        self.problem = ProblemLine(self.filter.query_box)
        self.table = LiveTable(
            "devices",
            tr("Devices"),
            device_columns(watch, context.clock),
            search_text,
            context.settings,
            searched=SEARCHED,
            sort="name",
        )
        self.table.tick(_TICK_MS)
        into_groups = context.rights.need("groups:edit")
        self.table.allow_drag(DEVICE, into_groups)
        self.rail = GroupRail(context.live, into_groups)
        self._again = QTimer(self)
        self._again.setInterval(_TICK_MS)
        self._again.timeout.connect(self._look_again)
        self._again.start()
        self.views = SavedViews(self, ViewStore(context.settings, f"{_person(context)}/devices"), self._view)
        self.groups = button(tr("Groups"), self._toggle_rail, name=tr("Groups beside the devices"))
        self.columns = button(tr("Columns"), self._show_columns)
        self.export = button(tr("Export…"), self._export)
        self.run = button(
            tr("Run on selection…"), self._run, "primary", need=context.rights.need("rollouts:run")
        )
        self.header = PageHeader(tr("Devices"), self.views, self.groups, self.columns, self.export, self.run)
        self.header.below.addWidget(self.filter, 1)
        self.nobody = EmptyState(
            "device",
            *_NOBODY,
            button(
                tr("Add device"),
                lambda: context.navigator.open("add-device"),
                "primary",
                need=context.rights.need("enrollment:create"),
            ),
        )
        self.no_match = EmptyState(
            "filter",
            *_NO_MATCH,
            button(tr("Show all devices"), self.filter.clear),
        )
        self.centre = ListView(context.live, self.table, self.filter, self.nobody, self.no_match)
        beside = row(self.rail, self.centre, gap=0)
        beside.setStretch(1, 1)
        self.setLayout(column(self.header, self.problem, beside, gap=0))
        self.info = DeviceDetails(context, watch)
        self.destroyed.connect(self.info.deleteLater)
        self._connect()
        sees_all = context.rights.need("devices:view", everywhere=True)
        follow(self, sees_all, lambda met: self.nobody.say(*(_NOBODY if met else _NOBODY_OF_GROUPS)))

    def subjects(self) -> tuple[int, ...]:
        return tuple(self.table.selected_ids())

    def details(self) -> QWidget | None:
        return self.info if self.table.selected_count() else None

    def _connect(self) -> None:
        table, live = self.table, self._context.live
        table.opened.connect(lambda device_id: self._context.navigator.open("device", str(device_id)))
        table.selection_changed.connect(self._selected)
        table.menu_opening.connect(self._fill_menu)
        self.centre.counted.connect(self._count)
        self.views.chosen.connect(self._show_view)
        self.filter.query_box.parsed.connect(self.matches.keep_to)
        self.matches.said.connect(self.problem.say_besides)
        self.matches.changed.connect(self._found_others)
        table.model_.building.connect(self._show_building)
        self._tally = LiveTally(live, DEVICE, choice_of, self.filter.set_count)
        stops = [
            live.subscribe(DEVICE, self._take),
            self._watch.subscribe(self._runs_changed),
            self._tally.stop,
        ]
        for stop in stops:
            self.destroyed.connect(stop)
        self.rail.chosen.connect(self._show_group)
        self.rail.dropped.connect(lambda group, ids: change_members(self, self._context, group, ids, []))
        self.rail.setVisible(self._context.settings.value(_RAIL, False, bool) is True)
        for keys, (run, needed) in _KEYS.items():
            table.on_key(keys, partial(run, self), self._context.rights.need(needed))
        stops.append(live.subscribe(GROUP, self._groups_changed))
        self.destroyed.connect(stops[-1])
        self.centre.recount()
        self._selected()

    def _take(self, batch: LiveBatch) -> None:
        self.table.take(batch)
        shown = set(self.table.selected_ids()) if self.table.selected_count() < 50 else set()
        if shown & batch.changed.keys() or batch.reset:
            self._show_details()

    def _runs_changed(self, device_ids: set[int]) -> None:
        self.table.model_.touch(device_ids)
        if self.table.selected_count() == 1 and self.table.selected_ids()[0] in device_ids:
            self._show_details()

    def _count(self, shown: int, total: int) -> None:
        self.header.show_count(shown, total)
        self.no_match.say(*(LOOKING if self.matches.is_open else _NO_MATCH))
        for part in (self.filter, self.views, self.groups, self.columns, self.export, self.run):
            part.setVisible(total > 0)

    # ---- what is searched for

    def _found_others(self) -> None:
        self.table.model_.filter_again()
        self.centre.recount()

    def _look_again(self) -> None:
        if self.isVisible() and depends_on_time(self.filter.query_box.node):
            self.table.model_.filter_again()

    def _view(self) -> SavedView:
        arrangement = self.table.header.arrangement()
        return SavedView("", "", self.filter.box.text(), self.filter.choice, arrangement)

    def _show_view(self, view: SavedView) -> None:
        self.table.header.show_arrangement(view.arrangement)
        self.filter.set_query(view.query, view.choice)
        self.table.setFocus()

    # ---- the selection

    def _show_building(self, done: int, total: int) -> None:
        if done < total:
            self.header.note.setText(tr("{done} of {total}…", done=f"{done:,}", total=f"{total:,}"))

    def _selected(self) -> None:
        count = self.table.selected_count()
        self.run.setEnabled(count > 0)
        self.run.setText(
            tr("Run on {count} devices…", count=f"{count:,}") if count > 1 else tr("Run on selection…")
        )
        self._show_details()
        self.details_changed.emit()

    def _show_details(self) -> None:
        if self.table.selected_count():
            self.info.show_devices(self.table.selected_objects())

    def _fill_menu(self, menu: QMenu) -> None:
        chosen = self.table.selected_objects()
        if not chosen:
            return
        if len(chosen) == 1:
            menu.addAction(tr("Open")).triggered.connect(
                lambda _checked: self._context.navigator.open("device", str(chosen[0]["id"]))
            )
            add_history(menu, self._context, "device", chosen[0]["id"])
        gate(
            menu.addAction(tr("Run on selection…")), self._context.rights.need("rollouts:run")
        ).triggered.connect(lambda _checked: self._run())
        pause = PauseRequest(tuple(device["id"] for device in chosen))
        gate(menu.addAction(tr("Pause work…")), self._context.rights.need("rollouts:run")).triggered.connect(
            lambda _checked: self._context.navigator.ask(PAUSE_DIALOG, pause)
        )
        menu.addSeparator()
        gate(
            menu.addAction(tr("Assign profile…")), self._context.rights.need("devices:edit")
        ).triggered.connect(
            lambda _checked: self._context.navigator.ask(ASSIGN_DIALOG, AssignRequest(pause.device_ids))
        )
        gate(menu.addAction(tr("Tags…")), self._context.rights.need("devices:edit")).triggered.connect(
            lambda _checked: self.ask_tags()
        )
        gate(menu.addAction(tr("Add to group…")), self._context.rights.need("groups:edit")).triggered.connect(
            lambda _checked: self.ask_add_to_group()
        )
        gate(
            menu.addAction(tr("Remove from group…")), self._context.rights.need("groups:edit")
        ).triggered.connect(lambda _checked: self._look_into_groups(pause.device_ids))
        menu.addSeparator()
        waiting = [device["id"] for device in chosen if is_pending(device)]
        if waiting:
            title = plural(len(waiting), "Approve", "Approve {count} devices")
            gate(menu.addAction(title), self._context.rights.need("devices:approve")).triggered.connect(
                lambda _checked: self._approve(waiting)
            )
        menu.addSeparator()
        menu.addAction(tr("Copy as CSV")).triggered.connect(lambda _checked: self.table.copy_csv())
        menu.addSeparator()
        gate(menu.addAction(tr("Remove…")), self._context.rights.need("devices:delete")).triggered.connect(
            lambda _checked: self.ask_remove()
        )

    def _run(self) -> None:
        ids = tuple(self.table.selected_ids())
        self._context.navigator.ask(RUN_DIALOG, RunRequest(device_ids=ids))

    def _approve(self, device_ids: list[int]) -> None:
        self._context.ops.run(ops.approve(self._context.client, device_ids), owner=self)

    def ask_remove(self) -> None:
        if chosen := self.table.selected_objects():
            ask_removal(self, self._context, chosen)

    def ask_tags(self) -> TagDialog | None:
        chosen = self.table.selected_objects()
        return ask_tags(self, self._context, chosen) if chosen else None

    # ---- groups

    def _add_to_group(self) -> None:
        if self.table.selected_count():
            self.ask_add_to_group()

    def _toggle_rail(self) -> None:
        shown = self.rail.isHidden()
        self.rail.setVisible(shown)
        self._context.settings.setValue(_RAIL, shown)
        if not shown:
            self.rail.choose(EVERYTHING)

    def _show_group(self, group_id: int) -> None:
        """Only its devices; what a query finds is asked for."""
        if group_id == EVERYTHING:
            self.centre.restrict(None)
            return
        self._context.ops.run(
            group_ops.member_ids(self._context.client, group_id),
            on_success=lambda ids: self._restrict(group_id, frozenset(ids)),
            owner=self,
        )

    def _restrict(self, group_id: int, ids: frozenset[int]) -> None:
        if group_id == self.rail.group_id:
            self.centre.restrict(lambda device: device["id"] in ids)

    def _groups_changed(self, batch: LiveBatch) -> None:
        if self.rail.group_id in batch.changed:
            self._show_group(self.rail.group_id)

    def ask_add_to_group(self) -> GroupChoice:
        ids = self.table.selected_ids()
        title = plural(len(ids), "Add the device to a group", "Add {count} devices to a group")
        dialog = GroupChoice(self, self._context, title, tr("Add"))
        dialog.chosen.connect(lambda group_id: change_members(self, self._context, group_id, ids, []))
        dialog.named.connect(lambda name: make_group(self, self._context, name, ids))
        dialog.open()
        return dialog

    def _look_into_groups(self, ids: tuple[int, ...]) -> None:
        named = [key for key, group in self._context.live.kind(GROUP).items() if is_named(group)]
        self._context.ops.run(
            group_ops.naming(self._context.client, named, ids),
            on_success=lambda found: self._ask_remove_from_group(list(ids), found),
            owner=self,
        )

    def _ask_remove_from_group(self, ids: list[int], found: dict[int, int]) -> None:
        if not found:
            sentence = plural(len(ids), "No group names this device.", "No group names any of these devices.")
            self._context.notices.notice(sentence)
            return
        title = plural(len(ids), "Remove the device from a group", "Remove {count} devices from a group")
        dialog = GroupChoice(self, self._context, title, tr("Remove"), found)
        dialog.chosen.connect(lambda group_id: change_members(self, self._context, group_id, [], ids))
        dialog.open()

    # ---- columns and files

    def _show_columns(self) -> None:
        menu = self.table.header.columns_menu(max(self.table.currentIndex().column(), 0))
        menu.popup(self.columns.mapToGlobal(self.columns.rect().bottomLeft()))

    def _export(self) -> None:
        dialog = QFileDialog(self, tr("Export the devices that are shown"), "", tr("CSV files (*.csv)"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("csv")
        dialog.selectFile("devices.csv")
        dialog.fileSelected.connect(self.export_to)
        dialog.open()

    def export_to(self, path: str) -> None:
        count = self.table.model_.rowCount()
        try:
            Path(path).write_text(self.table.csv(), "utf-8-sig", newline="")
        except OSError as error:
            self._context.notices.notice(
                tr("{path} could not be written: {why}.", path=path, why=error.strerror), "bad"
            )
            return
        self._context.notices.notice(plural(count, "{count} device exported.", "{count} devices exported."))


_KEYS: dict[str, tuple[Callable[[DevicesPage], object], str]] = {
    "T": (DevicesPage.ask_tags, "devices:edit"),
    "Ctrl+T": (DevicesPage.ask_tags, "devices:edit"),
    "G": (DevicesPage._add_to_group, "groups:edit"),
    "Ctrl+G": (DevicesPage._add_to_group, "groups:edit"),
    "Del": (DevicesPage.ask_remove, "devices:delete"),
}
"""While the table has the keyboard, with the right that each takes."""


def _person(context: Context) -> str:
    return context.session.user.id if context.session.user is not None else ""
