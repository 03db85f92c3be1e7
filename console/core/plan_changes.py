"""What differs between two states of a profile, and how two people's changes of it become one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from console.core import words
from console.core.differences import THEIRS, Difference
from console.core.plan_tasks import EditedPlan, EditedTask, Tasks
from console.core.plan_words import reboot_words, what
from console.core.spans import span_text
from console.core.texts import tr
from console.core.work import Find

LABELS = ("name", "description", "target_os_type", "os_image_id")
_LONGEST = 120


@dataclass(frozen=True)
class Change:
    """`kind` is `added`, `removed`, `changed`, `moved` or `label`; `lines` say what, each in a few words."""

    kind: str
    title: str
    lines: tuple[str, ...] = ()


def changes(old: EditedPlan, new: EditedPlan, find: Find) -> list[Change]:
    """In the order of `new`; what was removed comes last."""
    found = [Change("label", title, (line,)) for title, line in _labels(old, new, find)]
    before, after = _by_key(old.tasks), _by_key(new.tasks)
    moved = _moved([*before], [*after])
    for key, task in after.items():
        if key not in before:
            found.append(Change("added", task.name, (what(task, find),)))
        elif lines := task_lines(before[key], task, find):
            found.append(Change("changed", task.name, tuple(lines)))
        elif key in moved:
            place = [*after].index(key) + 1
            found.append(Change("moved", task.name, (tr("Now at place {n}", n=place),)))
    found += [Change("removed", task.name) for key, task in before.items() if key not in after]
    return found


def task_lines(old: EditedTask, new: EditedTask, find: Find) -> list[str]:
    """What was changed of a task, each as `Title: before → now`."""
    lines = []
    for title, shown in _FIELDS:
        before, now = shown(old, find), shown(new, find)
        if before != now:
            lines.append(tr("{title}: {old} → {new}", title=tr(title), old=_short(before), new=_short(now)))
    for name in sorted({*old.parameters, *new.parameters}):
        if old.parameters.get(name) != new.parameters.get(name):
            before, now = _value(old.parameters, name), _value(new.parameters, name)
            lines.append(tr("{title}: {old} → {new}", title=name, old=_short(before), new=_short(now)))
    return lines


# ---- two people


@dataclass
class Merge:
    """`base` is what both began with. `choices` says by a difference's key whose version is taken; without
    one it is mine."""

    base: EditedPlan
    mine: EditedPlan
    theirs: EditedPlan
    choices: dict[str | int, str] = field(default_factory=dict)

    def differences(self, find: Find) -> list[Difference]:
        found = [self._label(name, find) for name in LABELS]
        keys = dict.fromkeys(task.key for plan in (self.theirs, self.mine, self.base) for task in plan.tasks)
        found += [self._task(key, find) for key in keys]
        return [one for one in found if one.mine or one.theirs]

    def result(self) -> EditedPlan:
        """Mine where only I changed something, theirs where only they did, and the choices elsewhere."""
        labels = {name: getattr(self._whose(name), name) for name in LABELS}
        return msgspec.structs.replace(self._whose("order"), **labels, tasks=self._tasks())

    def _whose(self, name: str) -> EditedPlan:
        base, mine, theirs = (_part(plan, name) for plan in (self.base, self.mine, self.theirs))
        if mine == base:
            return self.theirs
        return self.theirs if theirs != base and self.choices.get(name) == THEIRS else self.mine

    def _tasks(self) -> Tasks:
        mine, theirs = _by_key(self.mine.tasks), _by_key(self.theirs.tasks)
        kept = {key: task for key in {**mine, **theirs} if (task := self._version(key)) is not None}
        first = self._whose("order").tasks
        order = [task.key for task in first if task.key in kept]
        for other in (self.mine.tasks, self.theirs.tasks):
            _weave(order, [task.key for task in other if task.key in kept])
        return tuple(kept[key] for key in order)

    def _version(self, key: int) -> EditedTask | None:
        base, mine, theirs = (_by_key(plan.tasks).get(key) for plan in (self.base, self.mine, self.theirs))
        if mine == base:
            return theirs
        return theirs if theirs != base and self.choices.get(key) == THEIRS else mine

    def _label(self, name: str, find: Find) -> Difference:
        base, mine, theirs = (_label_text(plan, name, find) for plan in (self.base, self.mine, self.theirs))
        return Difference(
            name,
            tr(_TITLES[name]),
            (mine or tr("nothing"),) if mine != base else (),
            (theirs or tr("nothing"),) if theirs != base else (),
        )

    def _task(self, key: int, find: Find) -> Difference:
        base, mine, theirs = (_by_key(plan.tasks).get(key) for plan in (self.base, self.mine, self.theirs))
        named = (theirs if mine == base else mine) or theirs or base
        assert named is not None
        return Difference(key, named.name, _did(base, mine, find), _did(base, theirs, find))


def _did(base: EditedTask | None, now: EditedTask | None, find: Find) -> tuple[str, ...]:
    if now == base:
        return ()
    if now is None:
        return (tr("Removed"),)
    if base is None:
        return (tr("Added: {what}", what=what(now, find)),)
    return tuple(task_lines(base, now, find))


def _part(plan: EditedPlan, name: str) -> Any:
    return [task.key for task in plan.tasks] if name == "order" else getattr(plan, name)


def _weave(order: list[int], other: list[int]) -> None:
    """Puts what only `other` has behind what stands before it there."""
    for at, key in enumerate(other):
        if key not in order:
            before = next((one for one in reversed(other[:at]) if one in order), None)
            order.insert(0 if before is None else order.index(before) + 1, key)


# ---- in words


def _labels(old: EditedPlan, new: EditedPlan, find: Find) -> Iterable[tuple[str, str]]:
    for name in LABELS:
        before, now = _label_text(old, name, find), _label_text(new, name, find)
        if before != now:
            yield tr(_TITLES[name]), tr("{old} → {new}", old=_short(before), new=_short(now))


def _label_text(plan: EditedPlan, name: str, find: Find) -> str:
    value = getattr(plan, name)
    if name == "target_os_type":
        return words.system_word(value)
    if name == "os_image_id":
        image = None if value is None else find("os_image", value)
        return tr("none") if value is None else str((image or {}).get("name") or value)
    return str(value)


_TITLES = {
    "name": "Name",
    "description": "Description",
    "target_os_type": "Runs on",
    "os_image_id": "OS image",
}
_FIELDS: list[tuple[str, Callable[[EditedTask, Find], str]]] = [
    ("Name", lambda task, _find: task.name),
    ("Description", lambda task, _find: task.description),
    ("Does", what),
    ("Arguments", lambda task, _find: " ".join(f"“{one}”" for one in task.arguments)),
    ("Time limit", lambda task, _find: span_text(task.timeout_s) if task.timeout_s else tr("its own")),
    ("Goes on after a failure", lambda task, _find: tr("yes") if task.continue_on_error else tr("no")),
    ("Restart", lambda task, _find: reboot_words(task.reboot)),
    ("Only on", lambda task, _find: words.system_word(task.os_type)),
    ("Condition", lambda task, _find: task.query),
]


def _value(values: Mapping[str, Any], name: str) -> str:
    return str(values[name]) if name in values else ""


def _short(text: str) -> str:
    one_line = " ".join(text.split()) or tr("nothing")
    return one_line if len(one_line) <= _LONGEST else f"{one_line[:_LONGEST]}…"


def _by_key(tasks: Tasks) -> dict[int, EditedTask]:
    return {task.key: task for task in tasks}


def _moved(before: list[int], after: list[int]) -> set[int]:
    """The fewest keys whose moving explains the new order, among those that are in both."""
    common = [key for key in before if key in set(after)]
    places = {key: at for at, key in enumerate(common)}
    order = [places[key] for key in after if key in places]
    staying = _longest_rising(order)
    return {common[at] for at in order if at not in staying}


def _longest_rising(order: list[int]) -> set[int]:
    best: list[list[int]] = [[]]
    for value in order:
        fitting = [run for run in best if not run or run[-1] < value]
        best.append([*_longest(fitting), value])
    return set(_longest(best))


def _longest(runs: list[list[int]]) -> list[int]:
    return max(runs, key=len)
