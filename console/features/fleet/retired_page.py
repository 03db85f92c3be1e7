"""Devices that were removed: kept with their history until they are forgotten."""

from __future__ import annotations

from typing import Any

import msgspec
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QMenu, QStackedWidget

from backend_lite.contract.fleet import RetiredDevice
from backend_lite.contract.live import DEVICE
from console.core import formatting, words
from console.core.formatting import NOTHING
from console.core.live import LiveBatch
from console.core.texts import plural, tr
from console.features.fleet import expected_ops
from console.features.fleet.columns import name
from console.features.fleet.forget_dialog import ForgetDialog
from console.shell.context import Context
from console.shell.needing import gate
from console.shell.page import Page
from console.shell.parts import PageHeader, button, column
from console.widgets.empty_state import EmptyState
from console.widgets.filter_bar import FilterBar
from console.widgets.live_table import LiveTable
from console.widgets.notice_bar import NoticeBar
from console.widgets.table_columns import Column, Kind

Object = dict[str, Any]


class RetiredPage(Page):
    """They are no part of the live stream: the list is read when it is shown and when one is removed."""

    key = "retired-devices"

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.setWindowTitle(tr("Removed devices"))
        self.search_hint = tr("Search devices, scripts, runs or commands")
        self.filter = FilterBar(self, tr("Filter removed devices"))
        self.table = LiveTable(
            "retired-devices",
            tr("Removed devices"),
            self._columns(),
            lambda one: f"{one['hostname']} {one['serial']} {one['address']} {one['uid']}".lower(),
            context.settings,
            sort="retired",
            descending=True,
        )
        self.forget = button(
            tr("Forget…"), self.ask_forget, "danger", need=context.rights.need("devices:delete")
        )
        self.header = PageHeader(tr("Removed devices"), self.forget)
        self.header.below.addWidget(self.filter, 1)
        self.notice = NoticeBar()
        self.nothing = EmptyState(
            "trash",
            tr("No removed devices"),
            tr("A device that is removed is kept here with its history, and its key stays shut out, until "
               "it is forgotten."),
            button(tr("Show all devices"), lambda: context.navigator.open("devices")),
        )  # fmt: skip
        self.centre = QStackedWidget()
        self.centre.addWidget(self.table)
        self.centre.addWidget(self.nothing)
        self.setLayout(column(self.header, self.notice, self.centre, gap=0))
        self._connect()

    def show_target(self, target: str | None) -> None:
        self.notice.say("")

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.load()

    def load(self) -> None:
        self._context.ops.run(
            expected_ops.load_retired(self._context.client),
            on_success=self._show,
            on_error=self.notice.refused,
            owner=self,
        )

    def ask_forget(self) -> ForgetDialog | None:
        chosen = self.table.selected_objects()
        if not chosen:
            return None
        dialog = ForgetDialog(self, [name(device) for device in chosen])
        dialog.accepted.connect(lambda: self._forget([device["id"] for device in chosen]))
        dialog.open()
        return dialog

    # ---- inside

    def _connect(self) -> None:
        self.filter.changed.connect(self._filter)
        self.filter.left.connect(self.table.setFocus)
        self.table.typed.connect(self.filter.begin)
        self.table.selection_changed.connect(self._selected)
        self.table.menu_opening.connect(self._fill_menu)
        self.table.on_key("Del", self.ask_forget, self._context.rights.need("devices:delete"))
        self.destroyed.connect(self._context.live.subscribe(DEVICE, self._take))
        self._count()
        self._selected()

    def _take(self, batch: LiveBatch) -> None:
        if batch.removed and self.isVisible():
            self.load()

    def _show(self, devices: list[RetiredDevice]) -> None:
        rows: dict[int, Object] = {one.id: msgspec.to_builtins(one) for one in devices}
        self.table.model_.take(rows, set(), reset=True)
        self._count()

    def _filter(self, text: str, predicate: Any) -> None:
        self.table.model_.filter(text, predicate)
        self._count()

    def _count(self) -> None:
        shown, total = self.table.model_.rowCount(), self.table.model_.total
        self.header.show_count(shown, total)
        self.centre.setCurrentWidget(self.table if total else self.nothing)
        for part in (self.filter, self.forget):
            part.setVisible(total > 0)

    def _selected(self) -> None:
        self.forget.setEnabled(self.table.selected_count() > 0)

    def _fill_menu(self, menu: QMenu) -> None:
        chosen = self.table.selected_objects()
        if len(chosen) == 1 and chosen[0]["replaced_by"] is not None:
            successor = chosen[0]["replaced_by"]
            menu.addAction(tr("Show the device that took over")).triggered.connect(
                lambda _checked: self._context.navigator.open("device", str(successor))
            )
        if chosen:
            gate(
                menu.addAction(tr("Forget…")), self._context.rights.need("devices:delete")
            ).triggered.connect(lambda _checked: self.ask_forget())

    def _forget(self, ids: list[int]) -> None:
        self._context.ops.run(
            expected_ops.forget(self._context.client, ids),
            on_success=lambda count: self._context.notices.notice(
                plural(
                    count,
                    "The device is forgotten. What is left of it is being removed.",
                    "{count} devices are forgotten. What is left of them is being removed.",
                )
            ),
            on_error=self.notice.refused,
            on_done=self.load,
            owner=self,
        )

    def _columns(self) -> list[Column]:
        clock = self._context.clock

        def text(key: str) -> Any:
            return lambda one: str(one[key] or NOTHING)

        def took_over(one: Object) -> str:
            found = self._context.live.get(DEVICE, one["replaced_by"] or 0)
            return NOTHING if found is None else name(found)

        return [
            Column("name", tr("Name"), name, Kind.STRONG, width=130),
            Column(
                "retired",
                tr("Removed"),
                lambda one: formatting.ago(one["retired_at"], clock()),
                sort=lambda one: one["retired_at"],
                width=110,
            ),
            Column("by", tr("Taken over by"), took_over, width=120),
            Column("system", tr("System"), words.device_system, width=130),
            Column("serial", tr("Serial"), text("serial"), Kind.MUTED, width=120),
            Column("address", tr("Address"), text("address"), Kind.MUTED, width=110),
            Column(
                "seen",
                tr("Last contact"),
                lambda one: formatting.ago(one["last_check_in"], clock()),
                Kind.MUTED,
                sort=lambda one: one["last_check_in"] or "",
                width=110,
            ),
            Column("words", tr("Words"), text("fingerprint"), Kind.MUTED, width=200),
        ]
