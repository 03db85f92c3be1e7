"""The very texts that a rollout would run: those of the revisions that it pins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backend_lite.contract.library import ScriptRevision
from backend_lite.contract.live import SOFTWARE
from backend_lite.contract.runs import Rollout, Task, TaskAction
from console.core import words
from console.core.client import ApiClient
from console.core.errors import ApiError
from console.core.formatting import moment
from console.core.ops import Progress
from console.core.script_revisions import script_revisions
from console.core.software_words import installer_title, source_title
from console.core.texts import tr
from console.core.work import Find, action_word

Object = dict[str, Any]


@dataclass(frozen=True)
class WorkText:
    """One text of a task. `note` is a sentence about it, or why there is none to show."""

    task: Task
    title: str
    language: str = ""
    text: str = ""
    note: str = ""


async def load_texts(client: ApiClient, rollout: Rollout, find: Find) -> list[WorkText]:
    """In the order of the tasks. Raises ServiceGone; what the service refuses to show is said by a note."""
    scripts: dict[int, list[ScriptRevision] | str] = {}
    found: list[WorkText] = []
    for task in rollout.tasks:
        if task.software_id is not None:
            found.append(_of_software(task, rollout, find(SOFTWARE, task.software_id)))
            continue
        pinned = await _revision(client, task, scripts)
        found += [WorkText(task, _title(task), note=pinned)] if isinstance(pinned, str) else _of(task, pinned)
    return found


async def _revision(
    client: ApiClient, task: Task, scripts: dict[int, list[ScriptRevision] | str]
) -> ScriptRevision | str:
    """The revision, or the sentence why it cannot be shown."""
    if task.script_id is None:
        return tr("Its script was deleted from the library: its text cannot be shown here.")
    if task.script_id not in scripts:
        try:
            ask = script_revisions(client, task.script_id, task.revision_id)
            scripts[task.script_id] = await ask.call(Progress(lambda _done, _text: None))
        except ApiError as refusal:
            scripts[task.script_id] = refusal.detail
    known = scripts[task.script_id]
    if isinstance(known, str):
        return known
    missing = tr("This revision of the script cannot be found any more.")
    return next((one for one in known if one.id == task.revision_id), missing)


def _of(task: Task, revision: ScriptRevision) -> list[WorkText]:
    """What runs for the action; a detect script runs before the main one."""
    language = revision.language
    main = {TaskAction.UNDO: revision.undo, TaskAction.DETECT: revision.detect}.get(
        task.action, revision.content
    )
    found = [WorkText(task, _title(task), language, main or "")]
    if task.action is TaskAction.RUN and revision.detect:
        title = tr("{task} · detect script", task=_title(task))
        note = tr("It runs first: where it ends with 0 there is nothing to do.")
        found.append(WorkText(task, title, language, revision.detect, note))
    return found


def _of_software(task: Task, rollout: Rollout, item: Object | None) -> WorkText:
    if item is None:
        return WorkText(task, _title(task), note=tr("The software item cannot be seen any more."))
    note = ""
    if moment(item["updated_at"]) > moment(rollout.created_at):
        note = tr("The item was changed since this was asked for: what runs is as it was then.")
    removes = task.action is TaskAction.UNINSTALL
    kind = "uninstall" if removes else "install"
    lines = [
        (tr("Installer"), installer_title(item["installer_type"])),
        (tr("From"), _source(item)),
        (tr("Checksum"), item.get("sha256") or ""),
        (tr("Arguments"), item[f"{kind}_args"]),
    ]
    about = "\n".join(f"# {name}: {value}" for name, value in lines if value)
    text = "\n\n".join(part for part in (about, item[f"{kind}_command"]) if part)
    return WorkText(task, _title(task), item["language"], text, note)


def _source(item: Object) -> str:
    source = str(item["source"] or item["file_name"])
    kind = source_title(item["source_type"])
    return tr("{place} ({kind})", place=source, kind=kind) if source else ""


def _title(task: Task) -> str:
    """`2 · Free disk space · PowerShell, revision 3`."""
    about = words.language_word(task.type) if task.software_id is None else ""
    if task.revision:
        about = tr("{language}, revision {n}", language=about, n=task.revision)
    action = "" if task.action is TaskAction.RUN else action_word(task.action)
    return " · ".join(part for part in (str(task.n), action, task.name, about) if part)
