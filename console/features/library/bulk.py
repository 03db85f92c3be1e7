"""Changes of several scripts: one call each, with what came of each, and the way back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from backend_lite.contract.library import SCRIPTS, Script, ScriptUpdate
from backend_lite.contract.live import SCRIPT
from console.core.client import ApiClient, if_match
from console.core.errors import ApiError
from console.core.ops import Op, Progress
from console.core.texts import plural, tr

T = TypeVar("T")
Object = dict[str, Any]
_NOT_ALLOWED = (401, 403)


@dataclass(frozen=True)
class Change:
    """`before` is what it changes, and what it would be changed back to."""

    before: Script
    update: ScriptUpdate


@dataclass
class Outcome:
    """`back` are the changes that undo what was done; `refused` has a sentence for each that was not."""

    done: list[str] = field(default_factory=list)
    back: list[Change] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def moves(scripts: Iterable[Object], folder_of: Callable[[str], str]) -> list[Change]:
    """Into the folder that is made of the one they are in; those that stay need none."""
    found = []
    for script in (msgspec.convert(one, Script) for one in scripts):
        if (folder := folder_of(script.folder)) != script.folder:
            found.append(Change(script, ScriptUpdate(folder=folder)))
    return found


def tag_changes(scripts: Iterable[Object], add: Sequence[str], remove: Sequence[str]) -> list[Change]:
    gone = {tag.casefold() for tag in remove}
    found = []
    for script in (msgspec.convert(one, Script) for one in scripts):
        kept = [tag for tag in script.tags if tag.casefold() not in gone]
        tags = list(dict.fromkeys([*kept, *add]))
        if tags != script.tags:
            found.append(Change(script, ScriptUpdate(tags=tags)))
    return found


def change_scripts(client: ApiClient, changes: Sequence[Change], title: str) -> Op[Outcome]:
    """What somebody else changed meanwhile stays as it is."""

    async def call(progress: Progress) -> Outcome:
        outcome = Outcome()

        async def change(one: Change) -> None:
            headers = if_match(one.before.version)
            now = await client.put(f"{SCRIPTS}/{one.before.id}", one.update, Script, headers)
            outcome.back.append(Change(now, _reverse(one)))

        await each(changes, lambda one: one.before.name, change, outcome, progress)
        return outcome

    return Op(title, call, (SCRIPT,))


def delete_scripts(client: ApiClient, scripts: Sequence[Object]) -> Op[Outcome]:
    """Those that something uses, or that somebody changed meanwhile, stay: it is said who or what."""

    async def call(progress: Progress) -> Outcome:
        outcome = Outcome()

        async def delete(script: Object) -> None:
            headers = if_match(script["version"])
            await client.delete(f"{SCRIPTS}/{script['id']}", headers=headers)

        await each(scripts, lambda script: str(script["name"]), delete, outcome, progress)
        return outcome

    title = plural(len(scripts), "Delete the script", "Delete {count} scripts")
    return Op(title, call, (SCRIPT,))


async def each(
    items: Sequence[T],
    name_of: Callable[[T], str],
    work: Callable[[T], Awaitable[None]],
    outcome: Outcome,
    progress: Progress,
) -> None:
    """What the service refuses is noted, and the next one follows; what this person may not do ends it."""
    for item in progress.each(items, name_of):
        try:
            await work(item)
        except ApiError as error:
            if error.status in _NOT_ALLOWED:
                raise
            outcome.refused.append(_refusal(name_of(item), error))
        else:
            outcome.done.append(name_of(item))


def _refusal(name: str, error: ApiError) -> str:
    return error.detail if f'"{name}"' in error.detail else tr("“{name}”: {why}", name=name, why=error.detail)


def _reverse(change: Change) -> ScriptUpdate:
    named = {
        name: getattr(change.before, name)
        for name in ("folder", "tags")
        if getattr(change.update, name) is not msgspec.UNSET
    }
    return ScriptUpdate(**named)
