"""The page of one group: what it has, its devices, and somebody else at the same group."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import msgspec
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QStackedWidget

from backend_lite.contract.fleet import Group
from backend_lite.contract.live import DEVICE, GROUP, PAUSE
from backend_lite.contract.pauses import PauseScope
from console.core.errors import ApiError
from console.core.live import LiveBatch
from console.core.pause_request import PauseRequest
from console.core.run_request import RUN_DIALOG, RunRequest
from console.core.texts import tr
from console.features.fleet import group_ops
from console.features.fleet.device_pick import DevicePick
from console.features.fleet.device_query import known_words
from console.features.fleet.group_changes import change_members
from console.features.fleet.group_comparison import GroupComparison
from console.features.fleet.group_form import Edited, GroupFields
from console.features.fleet.group_members import GroupMembers
from console.features.fleet.group_ops import Moved
from console.features.fleet.group_removal import ask_group_removal
from console.features.fleet.group_words import group_pauses
from console.features.fleet.pause_part import PausePart
from console.features.fleet.watch import FleetWatch
from console.shell.context import Context
from console.shell.needing import follow, gate
from console.shell.page import Page
from console.shell.parts import PageHeader, button, column
from console.widgets.audit_history import history_button
from console.widgets.confirm import choose
from console.widgets.empty_state import EmptyState
from console.widgets.notice_bar import NoticeBar

Object = dict[str, Any]
NEW = "new"


class GroupPage(Page):
    """Name, description and query are saved by a person; named devices come and go at once, and what was
    done can be undone. In a new group they wait for its first save."""

    key = "group"

    def __init__(self, context: Context, watch: FleetWatch) -> None:
        super().__init__()
        self._context = context
        self._group: Group | None = None
        self._saved = Edited()
        self._target = ""
        self._saving = False
        self._save_done = asyncio.Event()
        self.search_hint = tr("Search devices, groups, scripts or commands")
        crumb = button(tr("Groups /"), self._open_list, "link")
        self.delete = button(
            tr("Delete…"), self.ask_delete, "danger", need=context.rights.need("groups:delete")
        )
        self.pause = PausePart(self, context, PauseScope.GROUP)
        self.run = button(
            tr("Run on this group…"), self._run, icon="run", need=context.rights.need("rollouts:run")
        )
        writes = context.rights.need("groups:edit", "groups:create")
        self.save = button(
            tr("Save"),
            self.save_now,
            "primary",
            name=tr("Save (Ctrl+S)"),
            need=writes,
        )
        self.history = history_button(context, lambda: ("group", self._group.id) if self._group else None)
        actions = (self.history, self.delete, self.pause.button, self.run, self.save)
        self.header = PageHeader("", *actions, crumb=crumb, marks=[self.pause.badge])
        self.fields = GroupFields(lambda: known_words(context.live.kind(DEVICE).values()))
        follow(self, writes, self.fields.setEnabled)
        self.notice = NoticeBar()
        self.members = GroupMembers(context, watch)
        self.comparison = GroupComparison()
        self.missing = EmptyState(
            "group",
            tr("There is no such group"),
            tr("It was deleted, or the address is wrong."),
            button(tr("Show all groups"), self._open_list),
        )
        self.centre = QStackedWidget()
        for part in (self.members, self.comparison, self.missing):
            self.centre.addWidget(part)
        self.setLayout(column(self.header, self.fields, self.notice, self.centre, gap=0))
        self._connect()

    # ---- what the frame asks

    def show_target(self, target: str | None) -> None:
        if target == self._target and (self._group is not None or target == NEW):
            return
        self._target = target or NEW
        self._group = None
        self.notice.say("")
        self.centre.setCurrentWidget(self.members)
        self.members.filter.clear()
        known = self._context.live.get(GROUP, self._group_id)
        if self._target == NEW:
            self._begin(None)
        elif known is not None:
            self._begin(msgspec.convert(known, Group))
        else:
            self._run_op(group_ops.load(self._context.client, self._group_id), self._loaded, self._missing)

    def may_leave(self) -> Awaitable[bool] | bool:
        return self._ask_to_leave() if self.dirty else True

    def subjects(self) -> tuple[int, ...]:
        return tuple(self.members.table.selected_ids())

    @property
    def dirty(self) -> bool:
        staged = self._group is None and self.members.is_named and bool(self.members.ids)
        return self.fields.value() != self._saved or staged

    def save_now(self) -> None:
        """Nothing while it is being saved, or when there is nothing to save. A refusal is said in place."""
        if self.save.isEnabled() and not self.fields.go_to_problem():
            self._send(None if self._group is None else self._group.version)

    # ---- showing

    @property
    def _group_id(self) -> int:
        return int(self._target) if self._target.isdigit() else 0

    def _connect(self) -> None:
        live = self._context.live
        self.fields.changed.connect(self._changed)
        self.fields.query_box.parsed.connect(lambda _node: self._show_members())
        self.members.add_wanted.connect(self.pick_devices)
        self.members.remove_wanted.connect(self._take_out)
        self.comparison.closed.connect(self._end_comparison)
        for stop in (live.subscribe(GROUP, self._take), live.subscribe(PAUSE, self._take_pauses)):
            self.destroyed.connect(stop)
        gate(
            QShortcut(QKeySequence(QKeySequence.StandardKey.Save), self),
            self._context.rights.need("groups:edit", "groups:create"),
        ).activated.connect(self.save_now)

    def _loaded(self, group: Group) -> None:
        if group.id == self._group_id:
            self._begin(group)

    def _missing(self, _refusal: ApiError) -> None:
        self.fields.hide()
        self.notice.say("")
        self.centre.setCurrentWidget(self.missing)
        self.header.title.setText(tr("Group"))
        self.header.set_mark("")
        for part in (self.delete, self.pause.button, self.run, self.save):
            part.hide()

    def _begin(self, group: Group | None) -> None:
        """Shows what is saved."""
        self._group, self._saved = group, Edited() if group is None else Edited.of(group)
        self.fields.show()
        self.fields.show_group(self._saved, new=group is None)
        self.members.show_named(set())
        self._show_members()
        self._load_members()
        self._show_state()
        self.title_changed.emit()
        (self.fields.name_box if group is None else self.members.table).setFocus()

    def _show_members(self) -> None:
        if self.fields.value().query is not None:
            self.members.show_query(self.fields.node)
        elif not self.members.is_named:
            self.members.show_named(set())

    def _load_members(self) -> None:
        group = self._group
        if group is None or group.query is not None:
            return

        def show(device_ids: list[int]) -> None:
            if self._group is not None and self._group.id == group.id:
                self.members.show_named(set(device_ids))

        self._run_op(group_ops.member_ids(self._context.client, group.id), show)

    def _show_state(self) -> None:
        dirty, group = self.dirty, self._group
        name = self.fields.name_box.text().strip() or tr("New group")
        self.header.title.setText(name)
        self.header.set_mark(tr("unsaved") if dirty else "", "accent")
        self.save.setEnabled((dirty or group is None) and not self._saving)
        self.save.show()
        for part in (self.history, self.delete, self.pause.button, self.run):
            part.setVisible(group is not None)
        self._show_pauses()
        self.setWindowTitle(("● " if dirty else "") + name)

    def _show_pauses(self) -> None:
        known = self._context.live.kind(PAUSE).values()
        pauses = group_pauses(known, self._group.id) if self._group is not None else []
        self.pause.show(PauseRequest(group_id=self._group_id), pauses)

    def _take_pauses(self, _batch: LiveBatch) -> None:
        self._show_pauses()

    def _changed(self) -> None:
        self._show_members()
        self._show_state()

    # ---- saving

    def _send(self, version: int | None) -> None:
        edited, client = self.fields.value(), self._context.client
        self._saving = True
        self._save_done.clear()
        self._show_state()
        if version is None:
            op = group_ops.create(client, edited.as_new(self.members.ids))
        else:
            op = group_ops.update(client, self._group_id, edited.as_change(), version)
        self._run_op(op, partial(self._was_saved, edited), self._refused, self._save_ended)

    def _save_ended(self) -> None:
        self._saving = False
        self._save_done.set()
        self._show_state()

    def _was_saved(self, sent: Edited, group: Group) -> None:
        """What was typed meanwhile stays unsaved."""
        first, self._group, self._saved = self._group is None, group, Edited.of(group)
        typed = self.fields.value()
        self.fields.show_group(self._saved if typed == sent else typed, new=False)
        self.notice.say("")
        if first:
            self._target = str(group.id)
            self._load_members()
            self._context.navigator.replace(self.key, self._target)
        self._context.notices.notice(tr("Saved."), "good")

    def _refused(self, refusal: ApiError) -> None:
        if refusal.code == "stale":
            self._say_changed_meanwhile()
        elif refusal.code == "name_taken":
            self.fields.name.set_error(tr("Another group has this name."))
            self.fields.name_box.setFocus()
        elif refusal.code == "bad_query":
            self.fields.query.set_error(refusal.detail)
        else:
            self.notice.say(refusal.detail, "bad", {tr("Close"): partial(self.notice.say, "")})

    # ---- somebody else

    def _take(self, batch: LiveBatch) -> None:
        group = self._group
        if group is not None and group.id in batch.removed:
            self._say_deleted()
        elif group is not None and group.id in batch.changed:
            theirs = msgspec.convert(batch.changed[group.id], Group)
            if theirs.version > group.version and not self._saving:
                self._changed_by_somebody(theirs)

    def _changed_by_somebody(self, theirs: Group) -> None:
        if Edited.of(theirs) == self._saved:
            # Its devices: nothing that is edited here.
            self._group = theirs
            self._load_members()
        elif self.dirty:
            self._say_changed_meanwhile()
        else:
            self._begin(theirs)

    def _say_deleted(self) -> None:
        self._load_members_no_more()
        self.notice.say(
            tr("This group was deleted meanwhile. Saving it makes it again under this name."),
            "warning",
            {tr("Make it again"): self._make_again},
        )

    def _load_members_no_more(self) -> None:
        self._group = None
        self._show_state()

    def _make_again(self) -> None:
        self.notice.say("")
        self._send(None)

    def _say_changed_meanwhile(self) -> None:
        self.notice.say(
            tr("Somebody else changed this group meanwhile. Nothing of yours is lost."),
            "warning",
            {
                tr("Compare"): partial(self._with_theirs, self._compare),
                tr("Save mine over it"): partial(self._with_theirs, self._save_over),
                tr("Take theirs"): partial(self._with_theirs, self._take_theirs),
            },
        )

    def _with_theirs(self, then: Callable[[Group], None]) -> None:
        """Always asks the service: the live stream may be behind."""
        self._run_op(group_ops.load(self._context.client, self._group_id), then)

    def _compare(self, theirs: Group) -> None:
        self.comparison.show_groups(Edited.of(theirs), self.fields.value())
        self.centre.setCurrentWidget(self.comparison)

    def _end_comparison(self) -> None:
        self.centre.setCurrentWidget(self.members)
        self.fields.name_box.setFocus()

    def _save_over(self, theirs: Group) -> None:
        self._group = theirs
        self._send(theirs.version)

    def _take_theirs(self, theirs: Group) -> None:
        mine = self.fields.value()
        self._end_comparison()
        self._begin(theirs)
        back = {tr("Back to mine"): partial(self._back_to_mine, mine)}
        self.notice.say(tr("This is what is saved now."), "accent", back)

    def _back_to_mine(self, mine: Edited) -> None:
        self.notice.say("")
        self.fields.show_group(mine, new=self._group is None)
        self._changed()

    # ---- its devices

    def pick_devices(self) -> DevicePick:
        name = self.fields.name_box.text().strip() or tr("New group")
        title = tr("Add devices to “{name}”", name=name)
        dialog = DevicePick(self, self._context, title, self.members.ids)
        dialog.picked.connect(self._put_in)
        dialog.open()
        return dialog

    def _put_in(self, device_ids: list[int]) -> None:
        if self._group is None:
            self.members.show_named({*self.members.ids, *device_ids})
            self._show_state()
        else:
            self._change_members(device_ids, [])

    def _take_out(self, device_ids: list[int]) -> None:
        if self._group is None:
            self.members.show_named(set(self.members.ids) - set(device_ids))
            self._show_state()
        else:
            self._change_members([], device_ids)

    def _change_members(self, add: list[int], remove: list[int]) -> None:
        change_members(self, self._context, self._group_id, add, remove, self._moved, self._refused)

    def _moved(self, moved: Moved) -> None:
        """The answer may come before the news or after it."""
        if self._group is None or self._group.id != moved.group.id:
            return
        if Edited.of(moved.group) == self._saved:
            self._group = moved.group
        self.members.show_named((set(self.members.ids) | set(moved.added)) - set(moved.removed))

    # ---- leaving, running, deleting

    async def _ask_to_leave(self) -> bool:
        answer = await choose(
            self,
            tr("“{name}” is not saved", name=self.fields.name_box.text().strip() or tr("New group")),
            tr("Save the changes, or throw them away."),
            {"discard": (tr("Throw away"), "danger"), "save": (tr("Save"), "primary")},
        )
        if answer == "save":
            self.save_now()
            if self._saving:
                await self._save_done.wait()
            return not self.dirty
        if answer == "discard":
            self._begin(self._group)
            self._target = ""
        return bool(answer)

    def ask_delete(self) -> None:
        group = None if self._group is None else self._context.live.get(GROUP, self._group.id)
        if group is not None:
            ask_group_removal(self, self._context, [group], self._refused, self._deleted)

    def _deleted(self) -> None:
        self._group, self._target = None, ""
        self._saved = self.fields.value()
        self.members.show_named(set())
        self._open_list()

    def _open_list(self) -> None:
        self._context.navigator.open("groups")

    def _run(self) -> None:
        if self.dirty:
            self.notice.say(
                tr("Save first: it runs on the group as it is saved."), "accent", {tr("Save"): self.save_now}
            )
        else:
            self._context.navigator.ask(RUN_DIALOG, RunRequest(group_ids=(self._group_id,)))

    def _run_op(
        self,
        op: Any,
        then: Callable[[Any], None],
        refused: Callable[[ApiError], None] | None = None,
        done: Callable[[], None] | None = None,
    ) -> None:
        self._context.ops.run(op, on_success=then, on_error=refused, on_done=done, owner=self)
