"""Profiles and templates as they are in the editor: values, and what can be done with the list of tasks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import msgspec
from msgspec import UNSET

from backend_lite.contract.parameters import PlainValue
from backend_lite.contract.plans import (
    ProfileCreate,
    ProfileRevision,
    ProfileTask,
    ProfileTaskCreate,
    ProfileUpdate,
    ProfileWithTasks,
)
from backend_lite.contract.runs import MAX_TASKS, TaskAction, TaskCondition, TaskReboot
from console.core.texts import tr
from console.core.work import Work, usual_action, work_of

__all__ = ["MAX_TASKS", "EditedPlan", "EditedTask", "Tasks"]

_STEP = 10


class EditedTask(msgspec.Struct, frozen=True):
    """`key` is the id of a task that the service knows, and below zero for others. `revision_id` null is the
    newest revision of the script; `revision` the number of the pinned one, for show. Empty texts of the
    condition hold everywhere."""

    key: int
    name: str = ""
    description: str = ""
    script_id: int | None = None
    software_id: int | None = None
    action: TaskAction = TaskAction.RUN
    action_type: str = "powershell_inline"
    revision_id: int | None = None
    revision: int | None = None
    arguments: tuple[str, ...] = ()
    parameters: dict[str, PlainValue] = msgspec.field(default_factory=dict)
    timeout_s: int | None = None
    continue_on_error: bool = False
    reboot: TaskReboot = TaskReboot.ANNOUNCED
    os_type: str = ""
    query: str = ""

    @staticmethod
    def of(task: ProfileTask) -> EditedTask:
        return EditedTask(
            key=task.id,
            name=task.name,
            description=task.description or "",
            script_id=task.script_id,
            software_id=task.software_id,
            action=task.action,
            action_type=task.action_type,
            revision_id=task.script_revision_id,
            revision=task.script_revision if task.script_revision_id is not None else None,
            arguments=tuple(task.arguments),
            parameters=dict(task.parameters),
            timeout_s=task.timeout_s,
            continue_on_error=task.continue_on_error,
            reboot=task.reboot,
            os_type=task.condition.os_type or "",
            query=task.condition.query,
        )

    @property
    def work(self) -> Work | None:
        return work_of(self.script_id, self.software_id)

    def with_work(self, work: Work | None) -> EditedTask:
        """Another script or software item: what belonged to the former is dropped."""
        script = work.id if work is not None and work.is_script else None
        return msgspec.structs.replace(
            self,
            script_id=script,
            software_id=work.id if work is not None and script is None else None,
            action=usual_action(work),
            revision_id=None,
            revision=None,
            arguments=(),
            parameters={},
        )

    def as_sent(self, place: int, known: Collection[int]) -> ProfileTaskCreate:
        """`known` are the ids of the tasks that the profile has."""
        return ProfileTaskCreate(
            name=self.name.strip(),
            description=self.description or None,
            order_index=place * _STEP,
            action_type=self.action_type,
            script_id=self.script_id,
            continue_on_error=self.continue_on_error,
            script_revision_id=self.revision_id,
            software_id=self.software_id,
            action=self.action if self.work is not None else None,
            arguments=list(self.arguments),
            parameters=dict(self.parameters),
            timeout_s=self.timeout_s,
            reboot=self.reboot,
            condition=TaskCondition(self.os_type or None, self.query),
            id=self.key if self.key in known else None,
        )


Tasks = tuple[EditedTask, ...]


class EditedPlan(msgspec.Struct, frozen=True):
    """A profile or a template; `target_os_type` is empty for any system."""

    name: str = ""
    description: str = ""
    target_os_type: str = ""
    os_image_id: int | None = None
    tasks: Tasks = ()

    @staticmethod
    def of(profile: ProfileWithTasks) -> EditedPlan:
        return EditedPlan(
            profile.name,
            profile.description or "",
            profile.target_os_type or "",
            profile.os_image_id,
            tuple(EditedTask.of(task) for task in profile.tasks),
        )

    def as_new(self, *, is_template: bool) -> ProfileCreate:
        return ProfileCreate(
            name=self.name,
            description=self.description or None,
            target_os_type=self.target_os_type or None,
            is_template=is_template,
            os_image_id=self.os_image_id,
            tasks=sent(self.tasks, ()),
        )

    def as_change(self, saved: EditedPlan, message: str) -> ProfileUpdate:
        """What is not changed is not sent: only changed tasks make a revision."""
        known = {task.key for task in saved.tasks}
        return ProfileUpdate(
            name=self.name if self.name != saved.name else UNSET,
            description=(self.description or None) if self.description != saved.description else UNSET,
            target_os_type=(
                (self.target_os_type or None) if self.target_os_type != saved.target_os_type else UNSET
            ),
            os_image_id=self.os_image_id if self.os_image_id != saved.os_image_id else UNSET,
            tasks=sent(self.tasks, known) if self.tasks != saved.tasks else UNSET,
            message=message,
        )

    def with_tasks(self, tasks: Iterable[EditedTask]) -> EditedPlan:
        return msgspec.structs.replace(self, tasks=tuple(tasks))


def sent(tasks: Tasks, known: Collection[int]) -> list[ProfileTaskCreate]:
    return [task.as_sent(place, known) for place, task in enumerate(tasks, 1)]


def same(one: EditedPlan, other: EditedPlan) -> bool:
    """Whether both say the same, whatever the keys of tasks that are not saved yet."""
    return _without_new_keys(one) == _without_new_keys(other)


def _without_new_keys(plan: EditedPlan) -> EditedPlan:
    return plan.with_tasks(
        task if task.key > 0 else msgspec.structs.replace(task, key=0) for task in plan.tasks
    )


def new_key(tasks: Tasks) -> int:
    """A key that no task has: below zero until it is saved."""
    return min([0, *(task.key for task in tasks)]) - 1


def insert(tasks: Tasks, at: int, added: Sequence[EditedTask]) -> Tasks:
    return (*tasks[:at], *added, *tasks[at:])


def remove(tasks: Tasks, keys: Collection[int]) -> Tasks:
    return tuple(task for task in tasks if task.key not in keys)


def replace(tasks: Tasks, changed: EditedTask) -> Tasks:
    return tuple(changed if task.key == changed.key else task for task in tasks)


def move_by(tasks: Tasks, keys: Collection[int], step: int) -> Tasks:
    """These one place up (-1) or down (1); those that are at the end already stay there."""
    order = list(tasks)
    places = range(len(order)) if step < 0 else range(len(order) - 1, -1, -1)
    for at in places:
        target = at + step
        if order[at].key in keys and 0 <= target < len(order) and order[target].key not in keys:
            order[at], order[target] = order[target], order[at]
    return tuple(order)


def move_to(tasks: Tasks, keys: Collection[int], place: int) -> Tasks:
    """These, in their order, before the task that is at `place` now."""
    before = [task for task in tasks[:place] if task.key not in keys]
    after = [task for task in tasks[place:] if task.key not in keys]
    return (*before, *(task for task in tasks if task.key in keys), *after)


def duplicate(tasks: Tasks, keys: Collection[int]) -> tuple[Tasks, list[int]]:
    """The list with copies behind the last of these, and the keys of the copies."""
    chosen = [task for task in tasks if task.key in keys]
    if not chosen:
        return tasks, []
    names = {task.name for task in tasks}
    copies, key = [], new_key(tasks)
    for task in chosen:
        name = free_name(task.name, names)
        names.add(name)
        copies.append(msgspec.structs.replace(task, key=key, name=name))
        key -= 1
    at = max(place for place, task in enumerate(tasks) if task.key in keys) + 1
    return insert(tasks, at, copies), [copy.key for copy in copies]


def free_name(wanted: str, taken: Collection[str]) -> str:
    """`wanted (copy)`, or `wanted (copy 2)`, `wanted (copy 3)`... when that is taken."""
    base = wanted.removesuffix(tr(" (copy)"))
    name, number = tr("{name} (copy)", name=base), 1
    while name in taken:
        number += 1
        name = tr("{name} (copy {n})", name=base, n=number)
    return name


def renamed(task: EditedTask, name: str) -> EditedTask:
    return msgspec.structs.replace(task, name=name)


def with_key(task: EditedTask, key: int) -> EditedTask:
    return msgspec.structs.replace(task, key=key)


def tasks_of(revision: ProfileRevision) -> list[EditedTask]:
    return [EditedTask.of(task) for task in revision.tasks]


def problems_of(profile: ProfileWithTasks | None) -> dict[int, str]:
    """What the service says of the tasks, by their ids."""
    return {task.id: task.problem for task in profile.tasks if task.problem} if profile is not None else {}
