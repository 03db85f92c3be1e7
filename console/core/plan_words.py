"""Tasks of profiles in words: what they do, when, and why they cannot be carried out as they stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from backend_lite.contract.fleet import DEVICE_FIELDS
from backend_lite.contract.library import Language, os_matches
from backend_lite.contract.parameters import ParameterType, ScriptParameter, problems
from backend_lite.contract.plans import Compliance
from backend_lite.contract.query import QueryError, parse
from backend_lite.contract.runs import TaskAction, TaskReboot
from console.core import spans, words
from console.core.plan_tasks import EditedTask
from console.core.texts import tr
from console.core.work import Find, Work, action_word, actions_of, title_of

Object = dict[str, Any]

_COMPLIANCE = {
    Compliance.CURRENT: ("Current", "good"),
    Compliance.OUTDATED: ("Outdated", "warning"),
    Compliance.RUNNING: ("Running", "accent"),
    Compliance.FAILED: ("Failed", "bad"),
    Compliance.ASSIGNED: ("Never applied", "idle"),
}
_REBOOTS = {
    TaskReboot.ANNOUNCED: "If its exit code asks for one",
    TaskReboot.ALWAYS: "Always, after this task",
    TaskReboot.NEVER: "Never: leave it to somebody else",
}
ASKED_LATER = frozenset({ParameterType.SECRET, ParameterType.FILE})
"""Parameters whose values are not kept: they are given when the profile is applied."""


def compliance_word(compliance: str) -> tuple[str, str]:
    """(word, tone) of a device's state under a profile."""
    word, tone = _COMPLIANCE[Compliance(compliance)]
    return tr(word), tone


def reboot_words(reboot: TaskReboot) -> str:
    return tr(_REBOOTS[reboot])


def what(task: EditedTask, find: Find) -> str:
    """`Install · 7-Zip 24.08`, `Free disk space · revision 3`."""
    work = task.work
    if work is None:
        return tr("Nothing is chosen yet")
    found = find(*work)
    name = title_of(work.kind, found) if found is not None else tr("{kind} {id}", kind=work.kind, id=work.id)
    parts = [name] if task.action is TaskAction.RUN else [f"{action_word(task.action)} · {name}"]
    if task.revision_id is not None:
        parts.append(tr("revision {n}", n=task.revision) if task.revision else tr("an older revision"))
    return " · ".join(parts)


def marks(task: EditedTask, find: Find) -> list[tuple[str, str]]:
    """(word, tone) of what is worth knowing about a task at a glance."""
    found: list[tuple[str, str]] = []
    if newest := behind(task, find):
        found.append((tr("{n} is newer", n=newest), "warning"))
    if task.os_type:
        found.append((words.system_word(task.os_type), "idle"))
    if task.query:
        found.append((tr("Condition"), "idle"))
    if task.reboot is TaskReboot.ALWAYS:
        found.append((tr("Restart"), "accent"))
    if task.continue_on_error:
        found.append((tr("Goes on"), "idle"))
    if task.timeout_s is not None:
        found.append((spans.span_text(task.timeout_s), "idle"))
    return found


def behind(task: EditedTask, find: Find) -> int | None:
    """The number of the script's newest revision where the pinned one is another."""
    work = task.work
    script = find(*work) if work is not None and task.revision_id is not None else None
    if script is None or script["revision_id"] == task.revision_id:
        return None
    return int(script["revision"])


def definitions_of(task: EditedTask, find: Find) -> list[ScriptParameter] | None:
    """What the script declares; None where that cannot be known without asking: of an older revision."""
    work = task.work
    if work is None or not work.is_script:
        return []
    found = find(*work)
    if found is None or task.revision_id not in (None, found["revision_id"]):
        return None
    return msgspec.convert(found.get("parameters") or [], list[ScriptParameter])


def kept(definitions: Sequence[ScriptParameter]) -> list[ScriptParameter]:
    """Those whose values a profile keeps; required ones may be given later too."""
    return [
        msgspec.structs.replace(one, required=False) for one in definitions if one.type not in ASKED_LATER
    ]


def problem(task: EditedTask, os_type: str, find: Find) -> str:
    """Why the task cannot be saved or carried out as it stands, in a sentence; empty when it can.

    `os_type` is what the profile is for.
    """
    work = task.work
    if work is None:
        return tr("Choose a script or a software item.")
    if not task.name.strip():
        return tr("Give the task a name.")
    found = find(*work)
    if found is None:
        return _gone(work)
    return (
        _wrong_system(task, os_type, found)
        or _no_such_action(task, work, found)
        or _wrong_arguments(task, found)
        or query_problem(task.query)
        or _wrong_values(task, find)
    )


def query_problem(query: str) -> str:
    try:
        parse(query, DEVICE_FIELDS)
    except QueryError as error:
        return error.message
    return ""


def _gone(work: Work) -> str:
    if work.is_script:
        return tr("Its script was deleted: choose another one, or remove the task.")
    return tr("Its software item was deleted: choose another one, or remove the task.")


def _wrong_system(task: EditedTask, os_type: str, found: Object) -> str:
    target = found.get("target_os_type")
    for wanted, owner in ((task.os_type, tr("its condition")), (os_type, tr("the profile"))):
        if wanted and not os_matches(target, wanted):
            return tr(
                "“{name}” is for {target}, {owner} is for {wanted}.",
                name=found["name"],
                target=words.system_word(target),
                owner=owner,
                wanted=words.system_word(wanted),
            )
    if task.os_type and os_type and not os_matches(task.os_type, os_type):
        return tr(
            "It is carried out on {mine} only, the profile is for {wanted}.",
            mine=words.system_word(task.os_type),
            wanted=words.system_word(os_type),
        )
    return ""


def _no_such_action(task: EditedTask, work: Work, found: Object) -> str:
    if task.action in actions_of(work, found):
        return ""
    return tr("“{name}” has no text for “{action}”.", name=found["name"], action=action_word(task.action))


def _wrong_arguments(task: EditedTask, found: Object) -> str:
    if task.arguments and found.get("language") == Language.CMD:
        return tr("A cmd script takes no arguments: give parameters instead.")
    return ""


def _wrong_values(task: EditedTask, find: Find) -> str:
    definitions = definitions_of(task, find)
    if not definitions:
        return ""
    return next(iter(problems(kept(definitions), dict(task.parameters)).values()), "")
