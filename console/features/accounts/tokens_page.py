"""Tokens that people made for programs."""

from __future__ import annotations

from functools import partial

from backend_lite.contract.accounts import ApiTokenWork
from backend_lite.contract.live import API_TOKEN
from console.core.formatting import NOTHING
from console.core.texts import plural, tr
from console.features.accounts import ops
from console.features.accounts.revoked_work import RevokedWork
from console.features.accounts.token_dialog import TokenDialog
from console.features.accounts.words import (
    Object,
    rights_in_words,
    token_ended,
    token_kind,
    token_state,
)
from console.shell.context import Context
from console.widgets.filter_bar import FilterBar
from console.widgets.table_columns import Column, Kind, pill_column
from console.widgets.time_columns import ago_column
from console.widgets.token_base import TokenKind, TokenListPage


class ApiTokensPage(TokenListPage):
    key = "api-tokens"

    def __init__(self, context: Context) -> None:
        super().__init__(context, _kind())
        self._looking = False
        self.filter = FilterBar(self, tr("Filter API tokens"), self.choices())
        self.set_up()

    def ask_new(self) -> TokenDialog:
        dialog = TokenDialog(self, self._context)
        dialog.open()
        return dialog

    def _is_usable(self, token: Object) -> bool:
        return not token_ended(token, self._context.clock())

    def _ask_about(self, tokens: list[Object]) -> None:
        if self._looking:
            return
        self._looking = True
        self._context.ops.run(
            ops.open_work(self._context.client, [token["id"] for token in tokens]),
            on_success=partial(self._ask_with, tokens),
            on_error=self.notice.refused,
            on_done=self._looked,
            owner=self,
        )

    def _looked(self) -> None:
        self._looking = False

    def _ask_with(self, tokens: list[Object], work: ApiTokenWork) -> None:
        ids, client = [token["id"] for token in tokens], self._context.client
        if not work.rollouts:
            self._confirm(tokens, partial(ops.revoke_tokens, client, ids))
            return
        option = RevokedWork(self._context, work)
        self._confirm(
            tokens, lambda: ops.revoke_tokens(client, ids, cancel_rollouts=option.is_wanted), option
        )

    def _ending(self, names: str) -> str:
        return tr("{names}: what uses it is refused from now on.", names=names)

    def _ended(self, count: int) -> str:
        return plural(count, "The token opens nothing any more.", "{count} tokens open nothing any more.")

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


def _kind() -> TokenKind:
    return TokenKind(
        live=API_TOKEN,
        artifact="tokens",
        title=tr("API tokens"),
        many=tr("API tokens"),
        nothing=(
            tr("No API tokens yet"),
            tr("A token lets a program call this service in your name, and never with more than you may."),
        ),
        name_of=lambda token: str(token["name"]),
        search_text=lambda token: f"{token['name']} {token['description']} {token['created_by']}".lower(),
        revoke=ops.revoke_tokens,
    )


def _scope(token: Object) -> str:
    if len(token["scope"]) <= 2:
        return ", ".join(token["scope"])
    return rights_in_words(frozenset(token["scope"]))
