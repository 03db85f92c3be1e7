"""What the pages of tokens have in common, whatever the tokens open: which are usable, and revoking them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from console.core.client import ApiClient
from console.core.ops import Op
from console.core.texts import plural, tr
from console.shell.context import Context
from console.shell.needing import gate
from console.shell.page import Page
from console.shell.parts import PageHeader, button, column
from console.widgets.confirm import confirm
from console.widgets.empty_state import EmptyState
from console.widgets.filter_bar import Choice, FilterBar
from console.widgets.list_view import ListView
from console.widgets.live_table import LiveTable
from console.widgets.notice_bar import NoticeBar
from console.widgets.table_columns import Column

Object = dict[str, Any]
_TICK_MS = 30_000
_NAMED = 3


@dataclass(frozen=True)
class TokenKind:
    """`artifact` is how rights on it are written, `title` that of the page, `name_of` what a person calls
    one; `revoke` makes the operation that ends some and answers how many."""

    live: str
    artifact: str
    title: str
    many: str
    nothing: tuple[str, str]
    name_of: Callable[[Object], str]
    search_text: Callable[[Object], str]
    revoke: Callable[[ApiClient, list[int]], Op[int]]


class TokenListPage(Page):
    """Whoever inherits makes `filter`, and then calls `set_up`."""

    filter: FilterBar

    def __init__(self, context: Context, kind: TokenKind) -> None:
        super().__init__()
        self._context, self._kind = context, kind
        self.setWindowTitle(kind.title)
        self.search_hint = tr("Search devices, scripts, runs or commands")

    # ---- what differs

    def ask_new(self) -> QWidget:
        raise NotImplementedError

    def _columns(self) -> list[Column]:
        raise NotImplementedError

    def _is_usable(self, token: Object) -> bool:
        raise NotImplementedError

    def _ending(self, names: str) -> str:
        """What revoking them means."""
        raise NotImplementedError

    def _ended(self, count: int) -> str:
        """That they are revoked."""
        raise NotImplementedError

    # ---- for whoever inherits

    def choices(self) -> list[Choice]:
        return [
            Choice("all", tr("All")),
            Choice("usable", tr("Usable"), self._is_usable),
            Choice("ended", tr("Ended"), lambda token: not self._is_usable(token)),
        ]

    def set_up(self, *first: QPushButton, below: tuple[QWidget, ...] = ()) -> None:
        """`first` stand before the other buttons, `below` under the header."""
        kind, context = self._kind, self._context
        self.table = LiveTable(
            self.key,
            kind.many,
            self._columns(),
            kind.search_text,
            context.settings,
            sort="created",
            descending=True,
        )
        self.table.tick(_TICK_MS)
        needs = context.rights.need
        self.revoke = button(tr("Revoke…"), self.ask_revoke, "danger", need=needs(self._deletes))
        self.new = self._new_button("plus")
        self.header = PageHeader(kind.title, *first, self.revoke, self.new)
        self.header.below.addWidget(self.filter, 1)
        self.notice = NoticeBar()
        no_match = EmptyState(
            "filter",
            tr("No token matches"),
            tr("No token is what the filter asks for."),
            button(tr("Show all tokens"), self.filter.clear),
        )
        nothing = EmptyState("key", *kind.nothing, self._new_button())
        self.centre = ListView(context.live, self.table, self.filter, nothing, no_match)
        self.setLayout(column(self.header, *below, self.notice, self.centre, gap=0))
        self._connect()

    def fill_menu(self, menu: QMenu) -> None:
        if any(map(self._is_usable, self.table.selected_objects())):
            entry = gate(menu.addAction(tr("Revoke…")), self._context.rights.need(self._deletes))
            entry.triggered.connect(lambda _checked: self.ask_revoke())

    # ---- what the frame and a person ask

    def show_target(self, target: str | None) -> None:
        self.notice.say("")

    def ask_revoke(self) -> None:
        tokens = [token for token in self.table.selected_objects() if self._is_usable(token)]
        if tokens:
            self._ask_about(tokens)

    # ---- inside

    def _ask_about(self, tokens: list[Object]) -> None:
        ids = [token["id"] for token in tokens]
        self._confirm(tokens, partial(self._kind.revoke, self._context.client, ids))

    def _confirm(
        self, tokens: list[Object], revoke: Callable[[], Op[int]], option: QWidget | None = None
    ) -> None:
        names = ", ".join(map(self._kind.name_of, tokens[:_NAMED])) + ("…" if len(tokens) > _NAMED else "")
        confirm(
            self,
            plural(len(tokens), "Revoke this token?", "Revoke {count} tokens?"),
            self._ending(names),
            tr("Revoke"),
            lambda: self._revoke(revoke()),
            option=option,
        )

    @property
    def _deletes(self) -> str:
        return f"{self._kind.artifact}:delete"

    def _new_button(self, icon: str = "") -> QPushButton:
        creates = self._context.rights.need(f"{self._kind.artifact}:create")
        return button(tr("New token…"), self.ask_new, "primary", icon=icon, need=creates)

    def _connect(self) -> None:
        self.table.selection_changed.connect(self._selected)
        self.table.menu_opening.connect(self.fill_menu)
        self.centre.counted.connect(self._count)
        self.table.on_key("Del", self.ask_revoke, self._context.rights.need(self._deletes))
        timer = QTimer(self)
        timer.setInterval(_TICK_MS)
        timer.timeout.connect(self._time_passed)
        timer.start()
        self.destroyed.connect(self._context.live.subscribe(self._kind.live, self.table.take))
        self.centre.recount()
        self._selected()

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

    def _revoke(self, op: Op[int]) -> None:
        self._context.ops.run(
            op,
            on_success=lambda count: self._context.notices.notice(self._ended(count), "good"),
            on_error=self.notice.refused,
            on_done=self._selected,
            owner=self,
        )
