"""The page of one group: what it has, its devices, and somebody else at the same group."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
from PySide6.QtWidgets import QStackedWidget

from backend_lite.contract.fleet import Group
from backend_lite.contract.live import DEVICE, GROUP, PAUSE
from backend_lite.contract.pauses import PauseScope
from console.core.errors import ApiError
from console.core.live import LiveBatch
from console.core.ops import Op
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
from console.shell.needing import follow
from console.shell.parts import PageHeader, button, column
from console.widgets.audit_history import history_button
from console.widgets.confirm import choose
from console.widgets.empty_state import EmptyState
from console.widgets.saving_base import NEW, SavingPage

Object = dict[str, Any]


class GroupPage(SavingPage[Group, Edited]):
    """Name, description and query are saved by a person; named devices come and go at once, and what was
    done can be undone. In a new group they wait for its first save."""

    key = "group"

    def __init__(self, context: Context, watch: FleetWatch) -> None:
        needs = context.rights.need
        writes = needs("groups:edit", "groups:create")
        super().__init__(context, writes)
        self._saved = Edited()
        self._target = ""
        self.search_hint = tr("Search devices, groups, scripts or commands")
        crumb = button(tr("Groups /"), self._open_list, "link")
        self.delete = button(tr("Delete…"), self.ask_delete, "danger", need=needs("groups:delete"))
        self.pause = PausePart(self, context, PauseScope.GROUP)
        self.run = button(tr("Run on this group…"), self._run, icon="run", need=needs("rollouts:run"))
        self.history = history_button(context, lambda: ("group", self._object.id) if self._object else None)
        actions = (self.history, self.delete, self.pause.button, self.run, self.save)
        self.header = PageHeader("", *actions, crumb=crumb, marks=[self.pause.badge])
        self.fields = GroupFields(lambda: known_words(context.live.kind(DEVICE).values()))
        follow(self, writes, self.fields.setEnabled)
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
        if target == self._target and (self._object is not None or target == NEW):
            return
        self._target = target or NEW
        self._object = None
        self.notice.say("")
        self.centre.setCurrentWidget(self.members)
        self.members.filter.clear()
        known = self._context.live.get(GROUP, self.object_id)
        if self._target == NEW:
            self._begin(None)
        elif known is not None:
            self._begin(msgspec.convert(known, Group))
        else:
            self._load()

    def subjects(self) -> tuple[int, ...]:
        return tuple(self.members.table.selected_ids())

    @property
    def dirty(self) -> bool:
        staged = self._object is None and self.members.is_named and bool(self.members.ids)
        return self.fields.value() != self._saved or staged

    def save_now(self) -> None:
        if self.save.isEnabled() and not self.fields.go_to_problem():
            self._send(None if self._object is None else self._object.version)

    @property
    def value(self) -> Edited:
        return self.fields.value()

    @property
    def name(self) -> str:
        return self.fields.name_box.text().strip() or tr("New group")

    # ---- how it is read and written

    def _load_op(self) -> Op[Group]:
        return group_ops.load(self._context.client, self.object_id)

    def _save_op(self, edited: Edited, version: int | None) -> Op[Group]:
        client = self._context.client
        if version is None:
            return group_ops.create(client, edited.as_new(self.members.ids))
        return group_ops.update(client, self.object_id, edited.as_change(), version)

    # ---- showing

    def _connect(self) -> None:
        live = self._context.live
        self.fields.changed.connect(self._changed)
        self.fields.query_box.parsed.connect(lambda _node: self._show_members())
        self.members.add_wanted.connect(self.pick_devices)
        self.members.remove_wanted.connect(self._take_out)
        self.comparison.closed.connect(self._end_comparison)
        for stop in (live.subscribe(GROUP, self._take), live.subscribe(PAUSE, self._take_pauses)):
            self.destroyed.connect(stop)

    def _not_loaded(self, _refusal: ApiError) -> None:
        self.fields.hide()
        self.notice.say("")
        self.centre.setCurrentWidget(self.missing)
        self.header.title.setText(tr("Group"))
        self.header.set_mark("")
        for part in (self.delete, self.pause.button, self.run, self.save):
            part.hide()

    def _begin(self, group: Group | None) -> None:
        """Shows what is saved."""
        self._object, self._saved = group, Edited() if group is None else Edited.of(group)
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
        group = self._object
        if group is None or group.query is not None:
            return

        def show(device_ids: list[int]) -> None:
            if self._object is not None and self._object.id == group.id:
                self.members.show_named(set(device_ids))

        op = group_ops.member_ids(self._context.client, group.id)
        self._context.ops.run(op, on_success=show, owner=self)

    def _show_state(self) -> None:
        group = self._object
        self._show_title(self.name)
        self.save.setEnabled((self.dirty or group is None) and not self._saving)
        self.save.show()
        for part in (self.history, self.delete, self.pause.button, self.run):
            part.setVisible(group is not None)
        self._show_pauses()

    def _show_pauses(self) -> None:
        known = self._context.live.kind(PAUSE).values()
        pauses = group_pauses(known, self._object.id) if self._object is not None else []
        self.pause.show(PauseRequest(group_id=self.object_id), pauses)

    def _take_pauses(self, _batch: LiveBatch) -> None:
        self._show_pauses()

    def _changed(self) -> None:
        self._show_members()
        self._show_state()

    # ---- saving

    def _saved_as(self, sent: Edited, found: Group) -> None:
        first, self._object, self._saved = self._object is None, found, Edited.of(found)
        typed = self.value
        self.fields.show_group(self._saved if typed == sent else typed, new=False)
        self.notice.say("")
        if first:
            self._target = str(found.id)
            self._load_members()
            self._context.navigator.replace(self.key, self._target)
        self._context.notices.notice(tr("Saved."), "good")

    def _show_refusal(self, refusal: ApiError) -> bool:
        if refusal.code == "name_taken":
            self.fields.name.set_error(tr("Another group has this name."))
            self.fields.name_box.setFocus()
        elif refusal.code == "bad_query":
            self.fields.query.set_error(refusal.detail)
        else:
            return False
        return True

    # ---- somebody else

    def _changed_by_somebody(self, news: dict[str, Any]) -> None:
        theirs = msgspec.convert(news, Group)
        if Edited.of(theirs) == self._saved:
            # Its devices: nothing that is edited here.
            self._object = theirs
            self._load_members()
        else:
            super()._changed_by_somebody(news)

    def _follow(self, news: dict[str, Any]) -> None:
        self._begin(msgspec.convert(news, Group))

    def _say_deleted(self) -> None:
        self._object = None
        self._show_state()
        super()._say_deleted()

    def _two_versions(self) -> dict[str, Callable[[], object]]:
        return {
            tr("Compare"): partial(self._with_theirs, self._compare),
            tr("Save mine over it"): partial(self._with_theirs, self._save_over),
            tr("Take theirs"): partial(self._with_theirs, self._take_theirs),
        }

    def _compare(self, theirs: Group) -> None:
        self.comparison.show_groups(Edited.of(theirs), self.fields.value())
        self.centre.setCurrentWidget(self.comparison)

    def _end_comparison(self) -> None:
        self.centre.setCurrentWidget(self.members)
        self.fields.name_box.setFocus()

    def _save_over(self, theirs: Group) -> None:
        self._object = theirs
        self._send(theirs.version)

    def _take_theirs(self, theirs: Group) -> None:
        mine = self.fields.value()
        self._end_comparison()
        self._begin(theirs)
        back = {tr("Back to mine"): partial(self._back_to_mine, mine)}
        self.notice.say(tr("This is what is saved now."), "accent", back)

    def _back_to_mine(self, mine: Edited) -> None:
        self.notice.say("")
        self.fields.show_group(mine, new=self._object is None)
        self._changed()

    # ---- its devices

    def pick_devices(self) -> DevicePick:
        title = tr("Add devices to “{name}”", name=self.name)
        dialog = DevicePick(self, self._context, title, self.members.ids)
        dialog.picked.connect(self._put_in)
        dialog.open()
        return dialog

    def _put_in(self, device_ids: list[int]) -> None:
        if self._object is None:
            self.members.show_named({*self.members.ids, *device_ids})
            self._show_state()
        else:
            self._change_members(device_ids, [])

    def _take_out(self, device_ids: list[int]) -> None:
        if self._object is None:
            self.members.show_named(set(self.members.ids) - set(device_ids))
            self._show_state()
        else:
            self._change_members([], device_ids)

    def _change_members(self, add: list[int], remove: list[int]) -> None:
        change_members(self, self._context, self.object_id, add, remove, self._moved, self._refused)

    def _moved(self, moved: Moved) -> None:
        """The answer may come before the news or after it."""
        if self._object is None or self._object.id != moved.group.id:
            return
        if Edited.of(moved.group) == self._saved:
            self._object = moved.group
        self.members.show_named((set(self.members.ids) | set(moved.added)) - set(moved.removed))

    # ---- leaving, running, deleting

    async def _ask_to_leave(self) -> bool:
        answer = await choose(
            self,
            tr("“{name}” is not saved", name=self.name),
            tr("Save the changes, or throw them away."),
            {"discard": (tr("Throw away"), "danger"), "save": (tr("Save"), "primary")},
        )
        if answer == "save":
            return await self._saved_now()
        if answer == "discard":
            self._begin(self._object)
            self._target = ""
        return bool(answer)

    def ask_delete(self) -> None:
        group = None if self._object is None else self._context.live.get(GROUP, self._object.id)
        if group is not None:
            ask_group_removal(self, self._context, [group], self._refused, self._deleted)

    def _deleted(self) -> None:
        self._object, self._target = None, ""
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
            self._context.navigator.ask(RUN_DIALOG, RunRequest(group_ids=(self.object_id,)))
