"""Rollouts that wait for a second person, those that were decided, and the decision itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QMenu, QSplitter

from backend_lite.contract.common import Page as ListPage
from backend_lite.contract.live import APPROVAL
from console.core.approval_words import APPROVALS_PAGE, is_waiting
from console.core.errors import ApiError
from console.core.live import LiveBatch
from console.core.texts import tr
from console.features.approvals import ops
from console.features.approvals.approval_columns import approval_columns, search_text
from console.features.approvals.approval_pane import ApprovalPane
from console.features.approvals.decisions import Decisions
from console.features.approvals.ops import Looked
from console.shell.context import Context
from console.shell.needing import follow
from console.shell.page import Page
from console.shell.parts import PageHeader, button, column, frame, row, split
from console.shell.window_state import restore_splitter, save_splitter
from console.widgets.confirm import ConfirmDialog
from console.widgets.empty_state import EmptyState
from console.widgets.filter_bar import Choice, FilterBar
from console.widgets.list_view import ListView
from console.widgets.live_table import LiveTable
from console.widgets.notice_bar import NoticeBar

Object = dict[str, Any]
_TICK_MS = 30_000
_SPLITS = ("approvals/list-split", "approvals/texts-split")
_LOOK_MS = 120
"""Who walks through the list with the arrow keys asks for the texts only where he stays."""


class ApprovalsPage(Page):
    """A target is the id of the one to show."""

    key = APPROVALS_PAGE

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._known: dict[int, Object] = {}
        self._next: str | None = None
        self._has_read = False
        self.notice = NoticeBar()
        self.decisions = Decisions(context, self, self._decided, self.notice.refused)
        self._wanted: int | None = None
        self._looked: dict[int, Looked] = {}
        self.setWindowTitle(tr("Approvals"))
        self.search_hint = tr("Search devices, scripts, runs or commands")
        self.filter = FilterBar(
            self,
            tr("Filter"),
            [
                Choice("all", tr("All")),
                Choice("waiting", tr("Waiting"), is_waiting),
                Choice("mine", tr("Asked by me"), self.decisions.is_mine),
                Choice("decided", tr("Decided"), lambda one: not is_waiting(one)),
            ],
        )
        self.table = LiveTable(
            "approvals",
            tr("Rollouts that need a second person"),
            approval_columns(context.clock),
            search_text,
            context.settings,
            sort="state",
        )
        self.table.tick(_TICK_MS)
        self.withdraw = button(tr("Withdraw…"), self.ask_withdraw)
        self.refuse = button(tr("Refuse…"), self.ask_refuse, "danger", name=tr("Refuse (Delete)"))
        self.approve = button(tr("Approve…"), self.ask_approve, "primary", name=tr("Approve (A)"))
        self.header = PageHeader(tr("Approvals"), self.withdraw, self.refuse, self.approve)
        self.header.below.addWidget(self.filter, 1)
        no_match = EmptyState(
            "filter",
            tr("No request matches"),
            tr("None of the requests is what the filter asks for."),
            button(tr("Show all requests"), self.filter.clear),
        )
        self.centre = ListView(context.live, self.table, self.filter, _nothing(context), no_match)
        self.older = button(tr("Show older requests"), self.load_older, "link")
        self.foot = frame("tool-bar-bottom", row(self.older, None), (16, 4, 12, 4))
        self.foot.hide()
        self.pane = ApprovalPane(context)
        top = frame("surface", column(self.centre, self.foot, gap=0))
        self.parts = split(Qt.Orientation.Vertical, (top, 2), (self.pane, 3))
        self.setLayout(column(self.header, self.notice, self.parts, gap=0))
        self._connect()

    def show_target(self, target: str | None) -> None:
        self.notice.say("")
        if target and target.isdigit():
            self._wanted = int(target)
            self.filter.clear()
            self._choose_wanted()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._has_read:
            self.load_older()

    def load_older(self) -> None:
        self._context.ops.run(
            ops.load_page(self._context.client, self._next),
            on_success=self._take_page,
            on_error=self.notice.refused,
            busy=self.older,
            owner=self,
        )

    def ask_approve(self) -> ConfirmDialog | None:
        return self._ask(self.decisions.ask_approve)

    def ask_refuse(self) -> ConfirmDialog | None:
        return self._ask(self.decisions.ask_refuse)

    def ask_withdraw(self) -> ConfirmDialog | None:
        return self._ask(self.decisions.ask_withdraw)

    # ---- inside

    def _connect(self) -> None:
        table, live = self.table, self._context.live
        table.opened.connect(lambda _id: self.pane.open_rollout())
        table.selection_changed.connect(self._selected)
        table.menu_opening.connect(self._fill_menu)
        self.centre.counted.connect(self._count)
        self._look = QTimer(self)
        self._look.setSingleShot(True)
        self._look.setInterval(_LOOK_MS)
        self._look.timeout.connect(self._load_looked)
        for keys, run in (("A", self.ask_approve), ("Del", self.ask_refuse)):
            table.on_key(keys, run, repeats=False)
        settings = self._context.settings
        for name, parts in zip(_SPLITS, (self.parts, self.pane), strict=True):
            restore_splitter(settings, name, parts)
            parts.splitterMoved.connect(partial(self._keep_split, name, parts))
        self.destroyed.connect(live.subscribe(APPROVAL, self._take))
        follow(self, self._context.rights.need(ops.RIGHT), lambda _met: self._rights_changed())
        self.centre.recount()
        self._selected()

    def _keep_split(self, name: str, split: QSplitter, *_moved: int) -> None:
        save_splitter(self._context.settings, name, split)

    def _take(self, batch: LiveBatch) -> None:
        if batch.reset:
            # What was read and is decided stays; what waited may have ended unseen.
            self._known = {key: one for key, one in self._known.items() if not is_waiting(one)}
            self._has_read, self._next = False, None
        self._known = {k: v for k, v in self._known.items() if k not in batch.removed} | batch.changed
        self.table.take(LiveBatch(True, self._known, frozenset()) if batch.reset else batch)
        if batch.reset and self.isVisible():
            self.load_older()
        self._choose_wanted()
        self._show_chosen()

    def _take_page(self, page: ListPage[Object]) -> None:
        live = self._context.live.kind(APPROVAL)
        new = {one["id"]: live.get(one["id"], one) for one in page.items}
        self._has_read, self._next = True, page.next
        self._known |= new
        self.table.take(LiveBatch(False, new, frozenset()))
        self.foot.setVisible(page.next is not None)
        self._choose_wanted()

    def _choose_wanted(self) -> None:
        if self._wanted is not None and self._wanted in self._known:
            self.table.select([self._wanted])
            self._wanted = None

    def _count(self, shown: int, total: int) -> None:
        self.header.show_count(shown, total)
        for part in (self.filter, self.pane, self.withdraw, self.refuse, self.approve):
            part.setVisible(total > 0)
        if shown and not self.table.selected_count():
            self.table.select([self.table.model_.id_at(0)])

    def _chosen(self) -> Object | None:
        chosen = self.table.selected_objects()
        return chosen[0] if len(chosen) == 1 else None

    def _selected(self) -> None:
        self._show_chosen()
        self._look.start()

    def _rights_changed(self) -> None:
        self._looked = {key: looked for key, looked in self._looked.items() if not looked.refusal}
        self._selected()

    def _show_chosen(self) -> None:
        one = self._chosen()
        obstacle = tr("Choose one request.") if one is None else self.decisions.obstacle(one)
        for part in (self.approve, self.refuse):
            part.setEnabled(not obstacle)
        self.approve.setToolTip(obstacle or tr("Approve (A)"))
        self.refuse.setToolTip(obstacle or tr("Refuse (Delete)"))
        withdrawable = one is not None and self.decisions.may_withdraw(one)
        self.withdraw.setEnabled(withdrawable)
        self.withdraw.setToolTip(
            "" if withdrawable else tr("Who asked for it can withdraw it while it waits.")
        )
        self.pane.setVisible(one is not None)
        if one is not None:
            self.pane.show_approval(one, obstacle if is_waiting(one) else "")
            if one["rollout_id"] in self._looked:
                self.pane.show_looked(self._looked[one["rollout_id"]])

    def _load_looked(self) -> None:
        one = self._chosen()
        if one is None or one["rollout_id"] in self._looked:
            return
        rollout_id = int(one["rollout_id"])
        self._context.ops.run(
            ops.look(self._context.client, one, sees_texts=self.decisions.sees_texts(one)),
            on_success=lambda looked: self._looked_at(rollout_id, looked),
            on_error=lambda refusal: self._not_looked_at(rollout_id, refusal),
            owner=self,
        )

    def _looked_at(self, rollout_id: int, looked: Looked) -> None:
        self._looked[rollout_id] = looked
        self._show_chosen()

    def _not_looked_at(self, rollout_id: int, refusal: ApiError) -> None:
        one = self._chosen()
        if one is not None and one["rollout_id"] == rollout_id:
            self.pane.say_refused(refusal.detail)

    def _ask(self, question: Callable[[Object], ConfirmDialog | None]) -> ConfirmDialog | None:
        self.notice.say("")
        one = self._chosen()
        return None if one is None else question(one)

    def _decided(self, approval: Object) -> None:
        self._known[approval["id"]] = approval
        self.table.take(LiveBatch(False, {approval["id"]: approval}, frozenset()))
        self._show_chosen()

    def _fill_menu(self, menu: QMenu) -> None:
        menu.addAction(tr("Show the rollout")).triggered.connect(lambda _checked: self.pane.open_rollout())
        menu.addSeparator()
        for part, ask in (
            (self.approve, self.ask_approve),
            (self.refuse, self.ask_refuse),
            (self.withdraw, self.ask_withdraw),
        ):
            if part.isEnabled():
                menu.addAction(part.text()).triggered.connect(lambda _checked, ask=ask: ask())


def _nothing(context: Context) -> EmptyState:
    return EmptyState(
        "shield",
        tr("Nothing waits for approval"),
        tr(
            "Work on many devices, or work that deletes, can need a second person before it starts. From "
            "how many on is set in the security settings."
        ),
        button(
            tr("Open the settings"),
            lambda: context.navigator.open("settings", "security"),
            need=context.rights.need("settings:view"),
        ),
    )
