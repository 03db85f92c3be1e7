"""All groups of devices."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QMenu, QWidget

from backend_lite.contract.fleet import Group
from backend_lite.contract.live import GROUP, PAUSE
from backend_lite.contract.pauses import PauseScope
from console.core.live import LiveBatch
from console.core.pause_request import PAUSE_DIALOG, PauseRequest
from console.core.run_request import RUN_DIALOG, RunRequest
from console.core.texts import plural, tr
from console.features.fleet import group_ops, group_words
from console.features.fleet.group_details import GroupDetails
from console.features.fleet.group_removal import ask_group_removal
from console.shell.context import Context
from console.shell.needing import gate
from console.shell.page import Page
from console.shell.parts import PageHeader, button, column
from console.widgets.audit_history import add_history
from console.widgets.confirm import ConfirmDialog
from console.widgets.empty_state import EmptyState
from console.widgets.filter_bar import Choice, FilterBar
from console.widgets.list_view import ListView
from console.widgets.live_table import LiveTable
from console.widgets.notice_bar import NoticeBar
from console.widgets.table_columns import Column, Kind, Pill, pill_column

Object = dict[str, Any]
NEW = "new"
_COUNT_MS = 30_000


class GroupsPage(Page):
    key = "groups"

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._counts: dict[int, int] = {}
        self.setWindowTitle(tr("Groups"))
        self.search_hint = tr("Search devices, groups, scripts or commands")
        self.filter = FilterBar(
            self,
            tr("Filter groups"),
            [
                Choice("all", tr("All")),
                Choice("named", tr("Named devices"), group_words.is_named),
                Choice("query", tr("By a query"), lambda group: not group_words.is_named(group)),
                Choice("paused", tr("Paused"), lambda group: bool(self.pauses(group["id"]))),
            ],
        )
        self.table = LiveTable(
            "groups", tr("Groups"), self._columns(), group_words.search_text, context.settings, sort="name"
        )
        self.run = button(tr("Run on this group…"), self._run, need=context.rights.need("rollouts:run"))
        self.new = button(
            tr("New group"), self._new, "primary", icon="plus", need=context.rights.need("groups:create")
        )
        self.header = PageHeader(tr("Groups"), self.run, self.new)
        self.header.below.addWidget(self.filter, 1)
        self.notice = NoticeBar()
        self.nothing = EmptyState(
            "group",
            tr("No groups yet"),
            tr("A group is a named set of devices: some that you choose, or whatever a query finds."),
            button(tr("New group"), self._new, "primary", need=context.rights.need("groups:create")),
        )
        self.no_match = EmptyState(
            "filter",
            tr("No group matches"),
            tr("No group is what the filter asks for."),
            button(tr("Show all groups"), self.filter.clear),
        )
        self.centre = ListView(context.live, self.table, self.filter, self.nothing, self.no_match)
        self.setLayout(column(self.header, self.notice, self.centre, gap=0))
        self.info = GroupDetails(context)
        self.destroyed.connect(self.info.deleteLater)
        self._counter = QTimer(self)
        self._counter.setInterval(_COUNT_MS)
        self._counter.timeout.connect(self.count_devices)
        self._connect()

    # ---- what the frame asks

    def show_target(self, target: str | None) -> None:
        self.notice.say("")

    def details(self) -> QWidget | None:
        return self.info if len(self.table.selected_ids()) == 1 else None

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._counter.start()
        self.count_devices()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._counter.stop()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete and self.table.selected_count():
            self.ask_delete(self.table.selected_objects())
        else:
            super().keyPressEvent(event)

    def pauses(self, group_id: int) -> list[Object]:
        return [
            pause
            for pause in self._context.live.kind(PAUSE).values()
            if pause["scope"] == PauseScope.GROUP and pause["group_id"] == group_id
        ]

    def device_count(self, group: Object) -> int:
        return self._counts.get(group["id"], int(group.get("device_count") or 0))

    def count_devices(self) -> None:
        """What a query finds changes with the devices, and nobody tells: it is asked for."""
        if self._context.live.kind(GROUP):
            self._context.ops.run(
                group_ops.load_all(self._context.client),
                on_success=self._counted,
                on_error=lambda _refusal: None,
                owner=self,
            )

    # ---- inside

    def _connect(self) -> None:
        table, live = self.table, self._context.live
        table.opened.connect(self._open)
        table.selection_changed.connect(self._selected)
        table.menu_opening.connect(self._fill_menu)
        self.centre.counted.connect(self._show_count)
        for stop in (live.subscribe(GROUP, self._take), live.subscribe(PAUSE, self._pauses_changed)):
            self.destroyed.connect(stop)
        self.centre.recount()
        self._selected()

    def _take(self, batch: LiveBatch) -> None:
        for group_id in [*batch.changed, *batch.removed]:
            # What was counted before is older than this.
            self._counts.pop(group_id, None)
        self.table.take(batch)
        self._show_details()

    def _counted(self, groups: list[Group]) -> None:
        new = {group.id: group.device_count for group in groups}
        changed = {key for key, count in new.items() if self._counts.get(key) != count}
        self._counts = new
        self.table.model_.touch(changed)
        self._show_details()

    def _pauses_changed(self, _batch: LiveBatch) -> None:
        self.table.model_.touch(list(self._context.live.kind(GROUP)))
        self._show_details()

    def _show_count(self, shown: int, total: int) -> None:
        self.header.show_count(shown, total)
        for part in (self.filter, self.run):
            part.setVisible(total > 0)

    def _selected(self) -> None:
        count = self.table.selected_count()
        self.run.setEnabled(count > 0)
        self.run.setText(tr("Run on {count} groups…", count=count) if count > 1 else tr("Run on this group…"))
        self._show_details()
        self.details_changed.emit()

    def _show_details(self) -> None:
        chosen = self.table.selected_objects()
        if len(chosen) == 1:
            self.info.show_group(chosen[0], self.device_count(chosen[0]))

    def _fill_menu(self, menu: QMenu) -> None:
        chosen = self.table.selected_objects()
        if not chosen:
            return
        if len(chosen) == 1:
            group_id = chosen[0]["id"]
            menu.addAction(tr("Open")).triggered.connect(lambda _checked: self._open(group_id))
            add_history(menu, self._context, "group", group_id)
        gate(menu.addAction(self.run.text()), self._context.rights.need("rollouts:run")).triggered.connect(
            lambda _checked: self._run()
        )
        if len(chosen) == 1:
            request = PauseRequest(group_id=group_id)
            gate(
                menu.addAction(tr("Pause work on this group…")), self._context.rights.need("rollouts:run")
            ).triggered.connect(lambda _checked: self._context.navigator.ask(PAUSE_DIALOG, request))
        menu.addSeparator()
        gate(menu.addAction(tr("Delete…")), self._context.rights.need("groups:delete")).triggered.connect(
            lambda _checked: self.ask_delete(chosen)
        )

    def ask_delete(self, groups: list[Object]) -> ConfirmDialog:
        return ask_group_removal(self, self._context, groups, self.notice.refused)

    def _new(self) -> None:
        self._context.navigator.open("group", NEW)

    def _open(self, group_id: int) -> None:
        self._context.navigator.open("group", str(group_id))

    def _run(self) -> None:
        ids = tuple(self.table.selected_ids())
        self._context.navigator.ask(RUN_DIALOG, RunRequest(group_ids=ids))

    def _columns(self) -> list[Column]:
        def paused(group: Object) -> Pill | None:
            return Pill(tr("Paused"), "warning") if self.pauses(group["id"]) else None

        return [
            Column("name", tr("Name"), lambda group: str(group["name"]), Kind.STRONG, width=170),
            Column("kind", tr("Has"), group_words.what_it_has, width=230),
            Column(
                "count",
                tr("Devices"),
                lambda group: f"{self.device_count(group):,}",
                Kind.NUMBER,
                sort=self.device_count,
                width=80,
            ),
            pill_column("paused", tr("Work"), paused, width=86),
            Column(
                "description",
                tr("Description"),
                lambda group: group.get("description") or "",
                Kind.MUTED,
                width=150,
            ),
        ]


def describe(group: Object) -> tuple[str, str]:
    """For the palette."""
    return str(group["name"]), plural(
        group.get("device_count") or 0, "Group · {count} device", "Group · {count} devices"
    )
