"""The very texts that a rollout would run, as the page of approvals names them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backend_lite.contract.approvals import ApprovalText, PinnedSoftware
from backend_lite.contract.runs import Rollout, Task, TaskAction
from console.core import words
from console.core.software_words import installer_title, source_title
from console.core.texts import tr
from console.core.work import action_word


@dataclass(frozen=True)
class WorkText:
    """One text of a task. `note` is a sentence about it."""

    task: Task
    title: str
    language: str = ""
    text: str = ""
    note: str = ""


def work_texts(rollout: Rollout, pinned: Sequence[ApprovalText]) -> list[WorkText]:
    """In the order of the tasks, in which `pinned` are."""
    tasks = {task.n: task for task in rollout.tasks}
    return [_of(tasks[one.task], one) for one in pinned if one.task in tasks]


def _of(task: Task, pinned: ApprovalText) -> WorkText:
    title, note, text = _title(task), "", pinned.text
    if pinned.part:
        title = tr("{task} · detect script", task=title)
        note = tr("It runs first: where it ends with 0 there is nothing to do.")
    if pinned.software is not None:
        text = "\n\n".join(part for part in (_about(pinned.software), text) if part)
    elif not text:
        note = tr("It runs no script: the agent does this by itself.")
    return WorkText(task, title, pinned.language, text, note)


def _about(software: PinnedSoftware) -> str:
    source = software.source
    if source:
        kind = source_title(software.source_type)
        source = tr("{place} ({kind})", place=source, kind=kind)
    lines = [
        (tr("Installer"), installer_title(software.installer_type)),
        (tr("From"), source),
        (tr("Checksum"), software.sha256),
        (tr("Arguments"), software.arguments),
    ]
    return "\n".join(f"# {name}: {value}" for name, value in lines if value)


def _title(task: Task) -> str:
    """`2 · Undo · Free disk space · PowerShell, revision 3`."""
    about = words.language_word(task.type) if task.software_id is None else ""
    if task.revision:
        about = tr("{language}, revision {n}", language=about, n=task.revision)
    action = "" if task.action is TaskAction.RUN else action_word(task.action)
    return " · ".join(part for part in (str(task.n), action, task.name, about) if part)
