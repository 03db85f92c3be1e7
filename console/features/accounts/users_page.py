"""Everybody who may sign in, and those who may no more."""

from __future__ import annotations

from urllib.parse import urlsplit

from PySide6.QtWidgets import QMenu

from backend_lite.contract.live import GROUP, ROLE, USER
from console.core.formatting import NOTHING
from console.core.live import LiveBatch
from console.core.texts import tr
from console.features.accounts import ops
from console.features.accounts.user_dialog import UserDialog
from console.features.accounts.words import Object, named_groups, reach_in_words, user_state
from console.shell.context import Context
from console.shell.needing import gate
from console.shell.page import Page
from console.shell.parts import PageHeader, button, column
from console.widgets.audit_history import add_history, history_button
from console.widgets.confirm import ConfirmDialog, confirm
from console.widgets.empty_state import EmptyState
from console.widgets.filter_bar import Choice, FilterBar
from console.widgets.list_view import ListView
from console.widgets.live_table import LiveTable
from console.widgets.notice_bar import NoticeBar
from console.widgets.table_columns import Column, Kind, pill_column, tags_column
from console.widgets.time_columns import ago_column

_TICK_MS = 30_000


class UsersPage(Page):
    key = "users"

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.setWindowTitle(tr("Users"))
        self.search_hint = tr("Search devices, scripts, runs or commands")
        self.filter = FilterBar(
            self,
            tr("Filter users"),
            [
                Choice("all", tr("All")),
                Choice("active", tr("Active"), lambda user: bool(user["is_active"])),
                Choice("disabled", tr("Disabled"), lambda user: not user["is_active"]),
            ],
        )
        self.table = LiveTable(
            "users", tr("Users"), self._columns(), _search_text, context.settings, sort="username"
        )
        self.table.tick(_TICK_MS)
        self.remove = button(
            tr("Remove…"), self.ask_remove, "danger", need=context.rights.need("users:delete")
        )
        self.edit = button(tr("Edit…"), self._edit_selected, need=context.rights.need("users:edit"))
        self.history = history_button(context, self._subject)
        self.new = button(
            tr("New user…"), self.ask_new, "primary", icon="plus", need=context.rights.need("users:create")
        )
        self.header = PageHeader(tr("Users"), self.history, self.remove, self.edit, self.new)
        self.header.below.addWidget(self.filter, 1)
        self.notice = NoticeBar()
        nothing = EmptyState(
            "user",
            tr("No users to show"),
            tr("Who may see users finds them here. Ask an owner for the right to see them."),
        )
        no_match = EmptyState(
            "filter",
            tr("No user matches"),
            tr("No user is what the filter asks for."),
            button(tr("Show all users"), self.filter.clear),
        )
        self.centre = ListView(context.live, self.table, self.filter, nothing, no_match)
        self.setLayout(column(self.header, self.notice, self.centre, gap=0))
        self._connect()

    def show_target(self, target: str | None) -> None:
        self.notice.say("")
        if target == "new":
            self.ask_new()

    def ask_new(self) -> UserDialog:
        return self._open(None)

    def ask_edit(self, user_id: int) -> UserDialog:
        return self._open(self._context.live.kind(USER)[user_id])

    def ask_remove(self) -> ConfirmDialog | None:
        user = self._chosen()
        if user is None:
            return None
        return confirm(
            self,
            tr("Remove {name}?", name=user["username"]),
            tr(
                "Sessions and tokens of this user end at once, and the name is free again. What they did "
                "stays in the history and the audit."
            ),
            tr("Remove"),
            lambda: self._remove(user),
        )

    # ---- inside

    def _connect(self) -> None:
        table, live = self.table, self._context.live
        table.selection_changed.connect(self._selected)
        table.menu_opening.connect(self._fill_menu)
        table.opened.connect(self.ask_edit)
        self.centre.counted.connect(self.header.show_count)
        table.on_key("Del", self.ask_remove, self._context.rights.need("users:delete"))
        self.destroyed.connect(live.subscribe(USER, table.take))
        for kind in (ROLE, GROUP):
            self.destroyed.connect(live.subscribe(kind, self._roles_changed))
        self.centre.recount()
        self._selected()

    def _open(self, user: Object | None) -> UserDialog:
        self.notice.say("")
        dialog = UserDialog(self, self._context, user)
        dialog.saved.connect(lambda account: self.table.select([account.id]))
        dialog.open()
        return dialog

    def _chosen(self) -> Object | None:
        chosen = self.table.selected_objects()
        return chosen[0] if len(chosen) == 1 else None

    def _edit_selected(self) -> None:
        user = self._chosen()
        if user is not None:
            self.ask_edit(user["id"])

    def _subject(self) -> tuple[str, int] | None:
        user = self._chosen()
        return ("user", user["id"]) if user is not None else None

    def _selected(self) -> None:
        for action in (self.history, self.remove, self.edit):
            action.setEnabled(self._chosen() is not None)

    def _fill_menu(self, menu: QMenu) -> None:
        if (user := self._chosen()) is not None:
            gate(menu.addAction(tr("Edit…")), self._context.rights.need("users:edit")).triggered.connect(
                lambda _checked: self._edit_selected()
            )
            add_history(menu, self._context, "user", user["id"])
            gate(menu.addAction(tr("Remove…")), self._context.rights.need("users:delete")).triggered.connect(
                lambda _checked: self.ask_remove()
            )

    def _roles_changed(self, _batch: LiveBatch) -> None:
        self.table.model_.touch(list(self._context.live.kind(USER)))

    def _remove(self, user: Object) -> None:
        self._context.ops.run(
            ops.remove_user(self._context.client, user["id"]),
            on_success=lambda _: self._context.notices.notice(
                tr("{name} was removed.", name=user["username"]), "good"
            ),
            on_error=self.notice.refused,
            owner=self,
        )

    def _role_names(self, user: Object) -> list[str]:
        roles = self._context.live.kind(ROLE)
        return [str(roles[key]["name"]) for key in user["roles"] if key in roles]

    def _rights(self, user: Object) -> str:
        live = self._context.live
        roles = live.kind(ROLE)
        return reach_in_words([roles[key] for key in user["roles"] if key in roles], named_groups(live))

    def _columns(self) -> list[Column]:
        clock = self._context.clock

        return [
            Column("username", tr("User name"), lambda user: user["username"], Kind.STRONG, width=140),
            Column("full_name", tr("Full name"), lambda user: user["full_name"] or NOTHING, width=150),
            pill_column("state", tr("State"), user_state, width=90),
            tags_column("roles", tr("Roles"), self._role_names, width=150),
            Column("rights", tr("Rights"), self._rights, width=220),
            Column("second", tr("Second factor"), _second_factor, Kind.MUTED, width=110),
            ago_column("login", tr("Last sign-in"), "last_login", clock, kind=Kind.MUTED, width=110),
            Column("email", tr("E-mail"), lambda user: user["email"] or NOTHING, Kind.MUTED, width=190),
            Column("providers", tr("Provider"), _providers, Kind.MUTED, width=140),
            ago_column("made", tr("Made"), "created_at", clock, kind=Kind.MUTED, width=100),
        ]


def _second_factor(user: Object) -> str:
    return tr("On") if user["second_factor"] else tr("Off")


def _providers(user: Object) -> str:
    hosts = [urlsplit(issuer).hostname or tr("Expected") for issuer in user["providers"]]
    return ", ".join(hosts) or NOTHING


def _search_text(user: Object) -> str:
    return f"{user['username']} {user['full_name'] or ''} {user['email'] or ''}".lower()
