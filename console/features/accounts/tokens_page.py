"""Tokens that people made for programs."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QMenu

from backend_lite.contract.live import API_TOKEN
from console.core.formatting import NOTHING
from console.core.texts import plural, tr
from console.features.accounts import ops
from console.features.accounts.token_dialog import TokenDialog
from console.features.accounts.words import (
    Object,
    rights_in_words,
    token_ended,
    token_kind,
    token_state,
)
from console.shell.context import Context
from console.shell.needing import gate
from console.shell.page import Page
from console.shell.parts import PageHeader, button, column
from console.widgets.confirm import ConfirmDialog, confirm
from console.widgets.empty_state import EmptyState
from console.widgets.filter_bar import Choice, FilterBar
from console.widgets.list_view import ListView
from console.widgets.live_table import LiveTable
from console.widgets.notice_bar import NoticeBar
from console.widgets.table_columns import Column, Kind, pill_column
from console.widgets.time_columns import ago_column

_TICK_MS = 30_000


class ApiTokensPage(Page):
    key = "api-tokens"

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.setWindowTitle(tr("API tokens"))
        self.search_hint = tr("Search devices, scripts, runs or commands")
        self.filter = FilterBar(
            self,
            tr("Filter API tokens"),
            [
                Choice("all", tr("All")),
                Choice("usable", tr("Usable"), self._is_usable),
                Choice("ended", tr("Ended"), lambda token: not self._is_usable(token)),
            ],
        )
        self.table = LiveTable(
            "api-tokens",
            tr("API tokens"),
            self._columns(),
            lambda token: f"{token['name']} {token['description']} {token['created_by']}".lower(),
            context.settings,
            sort="created",
            descending=True,
        )
        self.table.tick(_TICK_MS)
        self.revoke = button(
            tr("Revoke…"), self.ask_revoke, "danger", need=context.rights.need("tokens:delete")
        )
        self.new = button(
            tr("New token…"), self.ask_new, "primary", icon="plus", need=context.rights.need("tokens:create")
        )
        self.header = PageHeader(tr("API tokens"), self.revoke, self.new)
        self.header.below.addWidget(self.filter, 1)
        self.notice = NoticeBar()
        nothing = EmptyState(
            "key",
            tr("No API tokens yet"),
            tr("A token lets a program call this service in your name, and never with more than you may."),
            button(tr("New token…"), self.ask_new, "primary", need=context.rights.need("tokens:create")),
        )
        no_match = EmptyState(
            "filter",
            tr("No token matches"),
            tr("No token is what the filter asks for."),
            button(tr("Show all tokens"), self.filter.clear),
        )
        self.centre = ListView(context.live, self.table, self.filter, nothing, no_match)
        self.setLayout(column(self.header, self.notice, self.centre, gap=0))
        self._connect()

    def show_target(self, target: str | None) -> None:
        self.notice.say("")

    def ask_new(self) -> TokenDialog:
        dialog = TokenDialog(self, self._context)
        dialog.open()
        return dialog

    def ask_revoke(self) -> ConfirmDialog | None:
        chosen = [token for token in self.table.selected_objects() if self._is_usable(token)]
        if not chosen:
            return None
        names = ", ".join(str(token["name"]) for token in chosen[:3]) + ("…" if len(chosen) > 3 else "")
        return confirm(
            self,
            plural(len(chosen), "Revoke this token?", "Revoke {count} tokens?"),
            tr("{names}: what uses it is refused from now on.", names=names),
            tr("Revoke"),
            lambda: self._revoke([token["id"] for token in chosen]),
        )

    # ---- inside

    def _connect(self) -> None:
        self.table.selection_changed.connect(self._selected)
        self.table.menu_opening.connect(self._fill_menu)
        self.centre.counted.connect(self._count)
        self.table.on_key("Del", self.ask_revoke, self._context.rights.need("tokens:delete"))
        timer = QTimer(self)
        timer.setInterval(_TICK_MS)
        timer.timeout.connect(self._time_passed)
        timer.start()
        self.destroyed.connect(self._context.live.subscribe(API_TOKEN, self.table.take))
        self.centre.recount()
        self._selected()

    def _is_usable(self, token: Object) -> bool:
        return not token_ended(token, self._context.clock())

    def _time_passed(self) -> None:
        if self.isVisible():
            self.table.model_.filter_again()
            self._selected()

    def _count(self, shown: int, total: int) -> None:
        self.header.show_count(shown, total)
        for part in (self.filter, self.revoke):
            part.setVisible(total > 0)

    def _selected(self) -> None:
        self.revoke.setEnabled(any(map(self._is_usable, self.table.selected_objects())))

    def _fill_menu(self, menu: QMenu) -> None:
        if any(map(self._is_usable, self.table.selected_objects())):
            gate(menu.addAction(tr("Revoke…")), self._context.rights.need("tokens:delete")).triggered.connect(
                lambda _checked: self.ask_revoke()
            )

    def _revoke(self, ids: list[int]) -> None:
        self._context.ops.run(
            ops.revoke_tokens(self._context.client, ids),
            on_success=lambda count: self._context.notices.notice(
                plural(count, "The token opens nothing any more.", "{count} tokens open nothing any more."),
                "good",
            ),
            on_error=self.notice.refused,
            on_done=self._selected,
            owner=self,
        )

    def _columns(self) -> list[Column]:
        clock = self._context.clock

        return [
            Column("name", tr("Name"), lambda token: token["name"], Kind.STRONG, width=170),
            Column("kind", tr("Kind"), token_kind, Kind.MUTED, width=70),
            pill_column("state", tr("State"), lambda token: token_state(token, clock()), width=90),
            Column("scope", tr("May do"), _scope, width=230),
            ago_column("expires", tr("Expires"), "expires_at", clock, width=110),
            ago_column("last", tr("Last used"), "last_used_at", clock, kind=Kind.MUTED, width=110),
            Column("by", tr("Made by"), lambda token: token["created_by"] or NOTHING, Kind.MUTED, width=90),
            ago_column("created", tr("Made"), "created_at", clock, kind=Kind.MUTED, width=100),
            Column(
                "description", tr("Description"), lambda token: token["description"], Kind.MUTED, width=160
            ),
        ]


def _scope(token: Object) -> str:
    if len(token["scope"]) <= 2:
        return ", ".join(token["scope"])
    return rights_in_words(frozenset(token["scope"]))
