"""Scripts from files and into files: see `console.core.script_tree`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from backend_lite.contract.library import SCRIPTS, Script
from backend_lite.contract.live import SCRIPT
from console.core.client import ApiClient, if_match
from console.core.errors import Mendable
from console.core.ops import Op, Progress
from console.core.script_files import ENDINGS, UnusableFile, read_script
from console.core.script_tree import (
    ImportItem,
    ImportKind,
    TreeProblem,
    TreeScript,
    plan_import,
    read_tree,
    write_tree,
)
from console.core.texts import plural, tr
from console.features.library import bulk

Object = dict[str, Any]
FILES = tuple(ENDINGS)
"""What a file that can be imported by itself ends with."""


@dataclass(frozen=True)
class Written:
    """How many files were written or removed."""

    files: int


def plan(client: ApiClient, paths: Sequence[Path]) -> Op[list[ImportItem]]:
    """What importing these folders and files would do; nothing is done yet."""

    async def call(progress: Progress) -> list[ImportItem]:
        progress.report(None, str(paths[0]))
        found = await asyncio.to_thread(lambda: list(_read(paths)))
        existing = await client.get(SCRIPTS, list[Script])
        return await asyncio.to_thread(plan_import, found, existing)

    return Op(tr("Look at what would be imported"), call)


def carry_out(
    client: ApiClient, items: Sequence[ImportItem], message: str, outcome: bulk.Outcome
) -> Op[bulk.Outcome]:
    """Each script is taken over whole or not at all. `outcome` grows meanwhile: it holds what was done also
    when the rest is cancelled."""

    async def call(progress: Progress) -> bulk.Outcome:
        await bulk.each(items, _name, lambda item: _import(client, item, message), outcome, progress)
        return outcome

    return Op(plural(len(items), "Import a script", "Import {count} scripts"), call, (SCRIPT,))


def export(folder: Path, scripts: Iterable[Object]) -> Op[Written]:
    wanted = [msgspec.convert(one, Script) for one in scripts]

    async def call(progress: Progress) -> Written:
        progress.report(None, str(folder))
        try:
            return Written(len(await asyncio.to_thread(write_tree, folder, wanted)))
        except OSError as error:
            why = error.strerror or str(error)
            raise Mendable(tr("{folder} cannot be written: {why}.", folder=folder, why=why)) from error

    return Op(plural(len(wanted), "Export a script", "Export {count} scripts"), call)


async def _import(client: ApiClient, item: ImportItem, message: str) -> None:
    if item.kind is ImportKind.NEW:
        await client.post(SCRIPTS, item.create(message), Script)
    elif item.existing is not None:
        headers = if_match(item.existing.version)
        await client.put(f"{SCRIPTS}/{item.existing.id}", item.update(message), Script, headers)


def _name(item: ImportItem) -> str:
    return item.script.name if item.script is not None else str(item.path)


def _read(paths: Sequence[Path]) -> Iterator[TreeScript | TreeProblem]:
    for path in paths:
        try:
            if path.is_dir():
                yield from read_tree(path)
            else:
                yield _bare(path)
        except OSError as error:
            raise Mendable(tr("{path} cannot be read: {why}.", path=path, why=error.strerror)) from error


def _bare(path: Path) -> TreeScript | TreeProblem:
    place = PurePosixPath(path.name)
    try:
        file = read_script(path)
    except UnusableFile as error:
        return TreeProblem(place, str(error))
    return TreeScript(name=file.name, content=file.content, language=file.language, path=place)
