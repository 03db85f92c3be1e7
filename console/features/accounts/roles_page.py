"""The roles: what their holders may do."""

from __future__ import annotations

from PySide6.QtWidgets import QMenu

from backend_lite.contract.live import GROUP, ROLE
from console.core.live import LiveBatch
from console.core.texts import plural, tr
from console.features.accounts import ops
from console.features.accounts.role_dialog import RoleDialog
from console.features.accounts.words import (
    Object,
    named_groups,
    permissions_of,
    rights_in_words,
    where_in_words,
)
from console.shell.context import Context
from console.shell.needing import gate
from console.shell.page import Page
from console.shell.parts import PageHeader, button, column
from console.widgets.audit_history import add_history, history_button
from console.widgets.confirm import ConfirmDialog, confirm
from console.widgets.empty_state import EmptyState
from console.widgets.filter_bar import FilterBar
from console.widgets.list_view import ListView
from console.widgets.live_table import LiveTable
from console.widgets.notice_bar import NoticeBar
from console.widgets.table_columns import Column, Kind, Pill, pill_column


class RolesPage(Page):
    key = "roles"

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.setWindowTitle(tr("Roles"))
        self.search_hint = tr("Search devices, scripts, runs or commands")
        self.filter = FilterBar(self, tr("Filter roles"))
        self.table = LiveTable(
            "roles",
            tr("Roles"),
            self._columns(),
            lambda role: f"{role['name']} {role['description']}".lower(),
            context.settings,
            sort="name",
        )
        self.delete = button(
            tr("Delete…"), self.ask_delete, "danger", need=context.rights.need("roles:delete")
        )
        self.copy = button(
            tr("Copy…"), self._copy_selected, icon="copy", need=context.rights.need("roles:create")
        )
        self.open_ = button(tr("Open…"), self._open_selected)
        self.history = history_button(context, self._subject)
        self.new = button(
            tr("New role…"), self.ask_new, "primary", icon="plus", need=context.rights.need("roles:create")
        )
        self.header = PageHeader(tr("Roles"), self.history, self.delete, self.copy, self.open_, self.new)
        self.header.below.addWidget(self.filter, 1)
        self.notice = NoticeBar()
        nothing = EmptyState(
            "shield",
            tr("No roles to show"),
            tr("Who may see roles finds them here. Ask an owner for the right to see them."),
        )
        no_match = EmptyState(
            "filter",
            tr("No role matches"),
            tr("No role is what the filter asks for."),
            button(tr("Show all roles"), self.filter.clear),
        )
        self.centre = ListView(context.live, self.table, self.filter, nothing, no_match)
        self.setLayout(column(self.header, self.notice, self.centre, gap=0))
        self._connect()

    def show_target(self, target: str | None) -> None:
        self.notice.say("")

    def ask_new(self) -> RoleDialog:
        return self._open()

    def ask_open(self, role_id: int) -> RoleDialog:
        return self._open(self._context.live.kind(ROLE)[role_id])

    def ask_copy(self, role: Object) -> RoleDialog:
        return self._open(copied=role)

    def ask_delete(self) -> ConfirmDialog | None:
        role = self._chosen()
        if role is None or role["built_in"]:
            return None
        return confirm(
            self,
            tr("Delete the role {name}?", name=role["name"]),
            tr("It can be deleted once nobody has it."),
            tr("Delete"),
            lambda: self._delete(role),
        )

    # ---- inside

    def _connect(self) -> None:
        self.table.selection_changed.connect(self._selected)
        self.table.menu_opening.connect(self._fill_menu)
        self.table.opened.connect(self.ask_open)
        self.centre.counted.connect(self.header.show_count)
        self.table.on_key("Del", self.ask_delete, self._context.rights.need("roles:delete"))
        live = self._context.live
        for stop in (live.subscribe(ROLE, self.table.take), live.subscribe(GROUP, self._groups_changed)):
            self.destroyed.connect(stop)
        self.centre.recount()
        self._selected()

    def _groups_changed(self, _batch: LiveBatch) -> None:
        self.table.model_.touch(list(self._context.live.kind(ROLE)))

    def _open(self, role: Object | None = None, copied: Object | None = None) -> RoleDialog:
        self.notice.say("")
        dialog = RoleDialog(self, self._context, role, copied)
        dialog.saved.connect(lambda made: self.table.select([made.id]))
        dialog.copy_wanted.connect(self.ask_copy)
        dialog.open()
        return dialog

    def _chosen(self) -> Object | None:
        chosen = self.table.selected_objects()
        return chosen[0] if len(chosen) == 1 else None

    def _open_selected(self) -> None:
        role = self._chosen()
        if role is not None:
            self.ask_open(role["id"])

    def _copy_selected(self) -> None:
        role = self._chosen()
        if role is not None:
            self.ask_copy(role)

    def _subject(self) -> tuple[str, int] | None:
        role = self._chosen()
        return ("role", role["id"]) if role is not None else None

    def _selected(self) -> None:
        role = self._chosen()
        for action in (self.history, self.copy, self.open_):
            action.setEnabled(role is not None)
        self.delete.setEnabled(role is not None and not role["built_in"])

    def _fill_menu(self, menu: QMenu) -> None:
        role = self._chosen()
        if role is None:
            return
        menu.addAction(tr("Open…")).triggered.connect(lambda _checked: self._open_selected())
        gate(menu.addAction(tr("Copy…")), self._context.rights.need("roles:create")).triggered.connect(
            lambda _checked: self._copy_selected()
        )
        add_history(menu, self._context, "role", role["id"])
        if not role["built_in"]:
            gate(menu.addAction(tr("Delete…")), self._context.rights.need("roles:delete")).triggered.connect(
                lambda _checked: self.ask_delete()
            )

    def _delete(self, role: Object) -> None:
        self._context.ops.run(
            ops.delete_role(self._context.client, role["id"]),
            on_success=lambda _: self._context.notices.notice(
                tr("The role {name} was deleted.", name=role["name"]), "good"
            ),
            on_error=self.notice.refused,
            owner=self,
        )

    def _columns(self) -> list[Column]:
        return [
            Column(
                "name",
                tr("Name"),
                lambda role: role["name"],
                Kind.STRONG,
                sort=lambda role: (not role["built_in"], role["name"].casefold()),
                width=160,
            ),
            pill_column(
                "kind",
                tr("Kind"),
                lambda role: Pill(tr("Built in"), "accent") if role["built_in"] else None,
                width=90,
            ),
            Column(
                "users",
                tr("Held by"),
                lambda role: plural(role["user_count"], "{count} user", "{count} users"),
                Kind.NUMBER,
                sort=lambda role: role["user_count"],
                width=90,
            ),
            Column(
                "rights",
                tr("Rights"),
                lambda role: rights_in_words(permissions_of(role["grants"])),
                sort=lambda role: len(permissions_of(role["grants"])),
                width=240,
            ),
            Column(
                "where",
                tr("Where"),
                lambda role: where_in_words(role["groups"], named_groups(self._context.live)),
                width=150,
            ),
            Column("description", tr("Description"), lambda role: role["description"], Kind.MUTED, width=420),
        ]
