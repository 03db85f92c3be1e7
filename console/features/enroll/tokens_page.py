"""All enrollment tokens: those that let devices in, and those that have ended."""

from __future__ import annotations

from datetime import datetime

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
from console.shell.parts import button
from console.widgets.query_bar import ProblemLine, QueryBar
from console.widgets.row_index import Predicate
from console.widgets.table_columns import Column, Kind, Pill, pill_column
from console.widgets.time_columns import ago_column
from console.widgets.token_base import Object, TokenKind, TokenListPage


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


class TokensPage(TokenListPage):
    key = "enrollment-tokens"

    def __init__(self, context: Context) -> None:
        super().__init__(context, _kind())
        self.filter = QueryBar(self, tr("Filter tokens"), TOKEN_FIELDS, self._predicate, self.choices(), dict)
        self.problem = ProblemLine(self.filter.query_box)
        self.guide = button(
            tr("Add device"),
            lambda: context.navigator.open("add-device"),
            need=context.rights.need("enrollment:create"),
        )
        self.set_up(self.guide, below=(self.problem,))
        self.table.opened.connect(lambda key: self.ask_rename(context.live.kind(ENROLLMENT_TOKEN)[key]))
        self.destroyed.connect(context.live.subscribe(GROUP, self._groups))

    def ask_new(self) -> NewTokenDialog:
        dialog = NewTokenDialog(self, self._context)
        dialog.open()
        return dialog

    def ask_rename(self, token: Object) -> RenameDialog:
        dialog = RenameDialog(self, self._context, token["id"], str(token["name"]))
        dialog.open()
        return dialog

    def fill_menu(self, menu: QMenu) -> None:
        chosen = self.table.selected_objects()
        if len(chosen) == 1:
            entry = gate(menu.addAction(tr("Rename…")), self._context.rights.need("enrollment:edit"))
            entry.triggered.connect(lambda _checked: self.ask_rename(chosen[0]))
        super().fill_menu(menu)

    # ---- inside

    def _is_usable(self, token: Object) -> bool:
        return token_usable(token, self._now_ms())

    def _now_ms(self) -> int:
        return round(self._context.clock().timestamp() * 1000)

    def _predicate(self, node: Node) -> Predicate:
        fits = matcher(node)
        return lambda token: fits(token_values(token, self._now_ms()))

    def _groups(self, _batch: LiveBatch) -> None:
        self.table.model_.touch(list(self._context.live.kind(ENROLLMENT_TOKEN)))

    def _ending(self, names: str) -> str:
        return tr("{names}: it lets nobody in any more. Devices that came in by it stay.", names=names)

    def _ended(self, count: int) -> str:
        return plural(count, "The token lets nobody in any more.", "{count} tokens let nobody in any more.")

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


def _kind() -> TokenKind:
    return TokenKind(
        live=ENROLLMENT_TOKEN,
        artifact="enrollment",
        title=tr("Enrollment"),
        many=tr("Enrollment tokens"),
        nothing=(
            tr("No tokens yet"),
            tr("A token lets a few devices enroll for a while. Its command is pasted on each of them."),
        ),
        name_of=name,
        search_text=lambda token: f"{name(token)} {token['created_by']}".lower(),
        revoke=revoke_tokens,
    )
