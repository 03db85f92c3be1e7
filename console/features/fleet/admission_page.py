"""Devices that wait for somebody's decision."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu

from backend_lite.contract.live import DEVICE, EXPECTED_DEVICE
from console.core import formatting, words
from console.core.live import LiveBatch
from console.core.texts import plural, tr
from console.features.fleet import ops
from console.features.fleet.admission_pane import AdmissionPane
from console.features.fleet.admission_words import is_clone, is_waiting, where_from
from console.features.fleet.columns import name, search_text
from console.features.fleet.removal import ask_removal
from console.shell.context import Context
from console.shell.needing import gate
from console.shell.page import Page
from console.shell.parts import PageHeader, button, column, split
from console.widgets.confirm import ConfirmDialog, confirm
from console.widgets.empty_state import EmptyState
from console.widgets.filter_bar import Choice, FilterBar
from console.widgets.list_view import ListView
from console.widgets.live_table import LiveTable
from console.widgets.notice_bar import NoticeBar
from console.widgets.table_columns import Column, Kind, Pill, pill_column

Object = dict[str, Any]
_TICK_MS = 30_000


class AdmissionPage(Page):
    key = "admission"

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.setWindowTitle(tr("Admission"))
        self.search_hint = tr("Search devices, scripts, runs or commands")
        self.filter = FilterBar(
            self,
            tr("Filter"),
            [
                Choice("all", tr("All")),
                Choice("new", tr("New"), lambda device: not is_clone(device)),
                Choice("alike", tr("Resembles another"), lambda d: d["possible_duplicate_of"] is not None),
                Choice("clones", tr("Copies"), is_clone),
            ],
        )
        self.table = LiveTable(
            "admission", tr("Devices that wait"), self._columns(), search_text, context.settings, sort="since"
        )
        self.table.tick(_TICK_MS)
        self.refuse = button(
            tr("Refuse…"),
            self.ask_refuse,
            "danger",
            name=tr("Refuse (Delete)"),
            need=context.rights.need("devices:delete"),
        )
        self.approve = button(
            tr("Approve"),
            self.approve_selected,
            "primary",
            name=tr("Approve (A)"),
            need=context.rights.need("devices:approve"),
        )
        self.header = PageHeader(tr("Admission"), self.refuse, self.approve)
        self.header.below.addWidget(self.filter, 1)
        self.notice = NoticeBar()
        nobody = EmptyState(
            "shield",
            tr("Nobody waits"),
            tr("Devices that are not approved by their token wait here until somebody has compared their "
               "words. Copies of a device are stopped here too."),
            button(
                tr("Add device"), lambda: context.navigator.open("add-device"),
                need=context.rights.need("enrollment:create"),
            ),
        )  # fmt: skip
        no_match = EmptyState(
            "filter",
            tr("No device matches"),
            tr("Of the devices that wait none is what the filter asks for."),
            button(tr("Show all that wait"), self.filter.clear),
        )
        self.centre = ListView(context.live, self.table, self.filter, nobody, no_match)
        self.expected: dict[int, Object] = {}
        self.pane = AdmissionPane(context, self.expected)
        self.parts = split(Qt.Orientation.Vertical, (self.centre, 2), (self.pane, 3))
        self.setLayout(column(self.header, self.notice, self.parts, gap=0))
        self._connect()

    def show_target(self, target: str | None) -> None:
        self.notice.say("")
        if target and target.isdigit():
            self.table.select([int(target)])

    def subjects(self) -> tuple[int, ...]:
        return tuple(self.table.selected_ids())

    def approve_selected(self) -> None:
        ids = self.table.selected_ids()
        if ids:
            self._context.ops.run(
                ops.approve(self._context.client, ids),
                on_success=lambda count: self._context.notices.notice(
                    plural(count, "The device was approved.", "{count} devices were approved."), "good"
                ),
                on_error=self.notice.refused,
                owner=self,
            )

    def ask_refuse(self) -> ConfirmDialog | None:
        chosen = self.table.selected_objects()
        return ask_removal(self, self._context, chosen) if chosen else None

    def ask_merge(self, device_id: int, other_id: int) -> ConfirmDialog:
        live = self._context.live
        here, other = live.get(DEVICE, device_id) or {}, live.get(DEVICE, other_id) or {}
        return confirm(
            self,
            tr("Merge these two?"),
            tr(
                "{here} takes over the tags, groups, profile and history of {other} (device {id}), which is "
                "removed. That cannot be undone. Whether it may work is decided by approving it.",
                here=name(here),
                other=name(other),
                id=other_id,
            ),
            tr("Merge"),
            lambda: self._merge(device_id, other_id),
            role="primary",
        )

    # ---- inside

    def _connect(self) -> None:
        table, live = self.table, self._context.live
        table.opened.connect(lambda device_id: self._context.navigator.open("device", str(device_id)))
        table.selection_changed.connect(self._selected)
        table.menu_opening.connect(self._fill_menu)
        self.centre.counted.connect(self._count)
        self.pane.merge_wanted.connect(self.ask_merge)
        self.pane.apart_wanted.connect(self._keep_apart)
        for keys, run, needed in (
            ("A", self.approve_selected, "devices:approve"),
            ("Del", self.ask_refuse, "devices:delete"),
        ):
            # The next one must not be let in because a key was held down.
            table.on_key(keys, run, self._context.rights.need(needed), repeats=False)
        for stop in (live.subscribe(DEVICE, self._take), live.subscribe(EXPECTED_DEVICE, self._expected)):
            self.destroyed.connect(stop)
        self.centre.recount()
        self._selected()

    def _take(self, batch: LiveBatch) -> None:
        waiting = {key: device for key, device in batch.changed.items() if is_waiting(device)}
        model = self.table.model_
        decided = {key for key in batch.changed.keys() - waiting.keys() if model.get(key) is not None}
        if batch.reset or waiting or decided or batch.removed:
            self.table.take(LiveBatch(batch.reset, waiting, batch.removed | decided))
        # The device that one resembles may have changed as well.
        if batch.reset or self.table.selected_count() == 1:
            self._show_details()

    def _expected(self, batch: LiveBatch) -> None:
        entries = self._context.live.kind(EXPECTED_DEVICE).values() if batch.reset else batch.changed.values()
        if batch.reset:
            self.expected.clear()
        come = {one["device_id"]: one for one in entries if one["device_id"] is not None}
        self.expected.update(come)
        self.table.model_.touch(come)
        self._show_details()

    def _count(self, shown: int, total: int) -> None:
        self.header.show_count(shown, total)
        for part in (self.filter, self.refuse, self.approve, self.pane):
            part.setVisible(total > 0)
        if shown and not self.table.selected_count():
            self.table.select([self.table.model_.id_at(0)])

    def _selected(self) -> None:
        count = self.table.selected_count()
        for part in (self.approve, self.refuse):
            part.setEnabled(count > 0)
        self.approve.setText(plural(count, "Approve", "Approve {count}") if count else tr("Approve"))
        self._show_details()

    def _show_details(self) -> None:
        self.pane.show_devices(self.table.selected_objects())

    def _fill_menu(self, menu: QMenu) -> None:
        chosen = self.table.selected_objects()
        if not chosen:
            return
        if len(chosen) == 1:
            device_id = chosen[0]["id"]
            menu.addAction(tr("Open")).triggered.connect(
                lambda _checked: self._context.navigator.open("device", str(device_id))
            )
        gate(
            menu.addAction(self.approve.text()), self._context.rights.need("devices:approve")
        ).triggered.connect(lambda _checked: self.approve_selected())
        gate(menu.addAction(tr("Refuse…")), self._context.rights.need("devices:delete")).triggered.connect(
            lambda _checked: self.ask_refuse()
        )

    def _merge(self, device_id: int, other_id: int) -> None:
        self._context.ops.run(
            ops.merge(self._context.client, device_id, other_id),
            on_success=lambda device: self._context.notices.notice(
                tr("{name} is one device again.", name=device.hostname), "good"
            ),
            on_error=self.notice.refused,
            owner=self,
        )

    def _keep_apart(self, device_id: int) -> None:
        self._context.ops.run(
            ops.keep_apart(self._context.client, device_id), on_error=self.notice.refused, owner=self
        )

    def _columns(self) -> list[Column]:
        live = self._context.live

        def state(device: Object) -> Pill:
            return Pill(*words.contact_word(device, self._context.clock()))

        def expected(device: Object) -> Pill | None:
            return Pill(tr("Expected"), "good") if device["id"] in self.expected else None

        def alike(device: Object) -> str:
            other = live.get(DEVICE, device["possible_duplicate_of"] or 0)
            return "" if other is None else name(other)

        return [
            Column("name", tr("Name"), name, Kind.STRONG, width=130),
            pill_column("state", tr("State"), state, width=100),
            Column("words", tr("Words"), lambda d: str(d.get("fingerprint") or ""), width=220),
            Column("from", tr("Came by"), where_from, Kind.MUTED, width=170),
            Column("system", tr("System"), words.device_system, width=120),
            pill_column("expected", tr("Expected"), expected, width=90),
            Column("alike", tr("Resembles"), alike, width=110),
            Column(
                "since",
                tr("Since"),
                lambda device: _since(device, self._context),
                Kind.MUTED,
                sort=lambda device: device["created_at"],
                width=100,
            ),
        ]


def _since(device: Object, context: Context) -> str:
    return formatting.ago(device.get("created_at"), context.clock())
