"""All enrollment tokens: those that let devices in, and those that have ended."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QMenu

from backend_lite.contract.enroll_query import TOKEN_FIELDS, token_usable, token_values
from backend_lite.contract.live import ENROLLMENT_TOKEN, GROUP
from backend_lite.contract.query import Node, matcher
from console.core import formatting
from console.core.formatting import NOTHING
from console.core.live import LiveBatch
from console.core.texts import plural, tr
from console.features.enroll.new_token import NewTokenDialog
from console.features.enroll.ops import revoke_tokens
from console.features.enroll.rename_token import RenameDialog
from console.shell.context import Context
from console.shell.needing import gate
from console.shell.page import Page
from console.shell.parts import PageHeader, button, column
from console.widgets.confirm import ConfirmDialog, confirm
from console.widgets.empty_state import EmptyState
from console.widgets.filter_bar import Choice
from console.widgets.list_view import ListView
from console.widgets.live_table import LiveTable
from console.widgets.notice_bar import NoticeBar
from console.widgets.query_bar import ProblemLine, QueryBar
from console.widgets.row_index import Predicate
from console.widgets.table_columns import Column, Kind, Pill, pill_column
from console.widgets.time_columns import ago_column

Object = dict[str, Any]
_TICK_MS = 30_000


def name(token: Object) -> str:
    return str(token["name"] or tr("Token {id}", id=token["id"]))


def state_of(token: Object, now: datetime) -> Pill:
    if token["revoked_at"] is not None:
        return Pill(tr("Revoked"), "idle")
    if token["used"] >= token["uses"]:
        return Pill(tr("Used up"), "idle")
    if formatting.moment(token["expires_at"]) <= now:
        return Pill(tr("Expired"), "idle")
    return Pill(tr("Usable"), "good")


class TokensPage(Page):
    key = "enrollment-tokens"

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.setWindowTitle(tr("Enrollment"))
        self.search_hint = tr("Search devices, scripts, runs or commands")
        self.filter = QueryBar(
            self,
            tr("Filter tokens"),
            TOKEN_FIELDS,
            self._predicate,
            [
                Choice("all", tr("All")),
                Choice("usable", tr("Usable"), self._is_usable),
                Choice("ended", tr("Ended"), lambda token: not self._is_usable(token)),
            ],
            dict,
        )
        self.problem = ProblemLine(self.filter.query_box)
        self.table = LiveTable(
            "enrollment-tokens",
            tr("Enrollment tokens"),
            self._columns(),
            lambda token: f"{name(token)} {token['created_by']}".lower(),
            context.settings,
            sort="created",
            descending=True,
        )
        self.table.tick(_TICK_MS)
        self.guide = button(
            tr("Add device"),
            lambda: context.navigator.open("add-device"),
            need=context.rights.need("enrollment:create"),
        )
        self.revoke = button(
            tr("Revoke…"), self.ask_revoke, "danger", need=context.rights.need("enrollment:delete")
        )
        self.new = button(
            tr("New token…"),
            self.ask_new,
            "primary",
            icon="plus",
            need=context.rights.need("enrollment:create"),
        )
        self.header = PageHeader(tr("Enrollment"), self.guide, self.revoke, self.new)
        self.header.below.addWidget(self.filter, 1)
        self.notice = NoticeBar()
        nothing = EmptyState(
            "key",
            tr("No tokens yet"),
            tr("A token lets a few devices enroll for a while. Its command is pasted on each of them."),
            button(tr("New token…"), self.ask_new, "primary", need=context.rights.need("enrollment:create")),
        )
        no_match = EmptyState(
            "filter",
            tr("No token matches"),
            tr("No token is what the filter asks for."),
            button(tr("Show all tokens"), self.filter.clear),
        )
        self.centre = ListView(context.live, self.table, self.filter, nothing, no_match)
        self.setLayout(column(self.header, self.problem, self.notice, self.centre, gap=0))
        self._connect()

    def show_target(self, target: str | None) -> None:
        self.notice.say("")

    def ask_new(self) -> NewTokenDialog:
        dialog = NewTokenDialog(self, self._context)
        dialog.open()
        return dialog

    def ask_rename(self, token: Object) -> RenameDialog:
        dialog = RenameDialog(self, self._context, token["id"], str(token["name"]))
        dialog.open()
        return dialog

    def ask_revoke(self) -> ConfirmDialog | None:
        chosen = [token for token in self.table.selected_objects() if self._is_usable(token)]
        if not chosen:
            return None
        ids = [token["id"] for token in chosen]
        return confirm(
            self,
            plural(len(ids), "Revoke this token?", "Revoke {count} tokens?"),
            tr(
                "{names}: it lets nobody in any more. Devices that came in by it stay.",
                names=", ".join(name(token) for token in chosen[:3]) + ("…" if len(ids) > 3 else ""),
            ),
            tr("Revoke"),
            lambda: self._revoke(ids),
        )

    # ---- inside

    def _connect(self) -> None:
        table, live = self.table, self._context.live
        table.selection_changed.connect(self._selected)
        table.menu_opening.connect(self._fill_menu)
        table.opened.connect(lambda key: self.ask_rename(live.kind(ENROLLMENT_TOKEN)[key]))
        self.centre.counted.connect(self._count)
        table.on_key("Del", self.ask_revoke, self._context.rights.need("enrollment:delete"))
        timer = QTimer(self)
        timer.setInterval(_TICK_MS)
        timer.timeout.connect(self._time_passed)
        timer.start()
        for stop in (live.subscribe(ENROLLMENT_TOKEN, self.table.take), live.subscribe(GROUP, self._groups)):
            self.destroyed.connect(stop)
        self.centre.recount()
        self._selected()

    def _is_usable(self, token: Object) -> bool:
        return token_usable(token, self._now_ms())

    def _now_ms(self) -> int:
        return round(self._context.clock().timestamp() * 1000)

    def _predicate(self, node: Node) -> Predicate:
        fits = matcher(node)
        return lambda token: fits(token_values(token, self._now_ms()))

    def _time_passed(self) -> None:
        if self.isVisible():
            self.table.model_.filter_again()
            self._selected()

    def _groups(self, _batch: LiveBatch) -> None:
        self.table.model_.touch(list(self._context.live.kind(ENROLLMENT_TOKEN)))

    def _count(self, shown: int, total: int) -> None:
        self.header.show_count(shown, total)
        for part in (self.filter, self.revoke):
            part.setVisible(total > 0)

    def _selected(self) -> None:
        self.revoke.setEnabled(any(map(self._is_usable, self.table.selected_objects())))

    def _fill_menu(self, menu: QMenu) -> None:
        chosen = self.table.selected_objects()
        if len(chosen) == 1:
            gate(
                menu.addAction(tr("Rename…")), self._context.rights.need("enrollment:edit")
            ).triggered.connect(lambda _checked: self.ask_rename(chosen[0]))
        if any(map(self._is_usable, chosen)):
            gate(
                menu.addAction(tr("Revoke…")), self._context.rights.need("enrollment:delete")
            ).triggered.connect(lambda _checked: self.ask_revoke())

    def _revoke(self, ids: list[int]) -> None:
        self._context.ops.run(
            revoke_tokens(self._context.client, ids),
            on_success=lambda count: self._context.notices.notice(
                plural(count, "The token lets nobody in any more.", "{count} tokens let nobody in any more."),
                "good",
            ),
            on_error=self.notice.refused,
            on_done=self._selected,
            owner=self,
        )

    def _group_names(self, token: Object) -> list[str]:
        groups = self._context.live.kind(GROUP)
        return [str(groups[key]["name"]) for key in token["groups"] if key in groups]

    def _columns(self) -> list[Column]:
        clock = self._context.clock

        return [
            Column("name", tr("Name"), name, Kind.STRONG, width=170),
            pill_column("state", tr("State"), lambda token: state_of(token, clock()), width=90),
            Column(
                "used",
                tr("Used"),
                lambda t: tr("{used} of {uses}", used=f"{t['used']:,}", uses=f"{t['uses']:,}"),
                Kind.NUMBER,
                sort=lambda token: token["used"],
                width=90,
            ),
            ago_column("expires", tr("Expires"), "expires_at", clock, width=110),
            Column(
                "groups",
                tr("Groups"),
                lambda token: ", ".join(self._group_names(token)) or NOTHING,
                Kind.MUTED,
                width=140,
            ),
            Column(
                "approval",
                tr("Its devices"),
                lambda t: tr("are approved") if t["auto_approve"] else tr("wait"),
                width=112,
            ),
            ago_column("last", tr("Last used"), "last_used_at", clock, kind=Kind.MUTED, width=110),
            Column("by", tr("Made by"), lambda token: token["created_by"] or NOTHING, Kind.MUTED, width=90),
            ago_column("created", tr("Made"), "created_at", clock, kind=Kind.MUTED, width=100),
        ]
