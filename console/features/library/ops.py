"""What can be done with scripts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from backend_lite.contract.common import Page
from backend_lite.contract.library import (
    SCRIPTS,
    Script,
    ScriptCreate,
    ScriptRevision,
    ScriptText,
    ScriptUpdate,
)
from backend_lite.contract.live import SCRIPT
from backend_lite.contract.runs import Finding
from console.core.client import ApiClient
from console.core.errors import ApiError
from console.core.ops import Op, Progress
from console.core.script_files import UnusableFile, read_script
from console.core.texts import plural, tr


def load(client: ApiClient, script_id: int) -> Op[Script]:
    async def call(_progress: Progress) -> Script:
        return await client.get(f"{SCRIPTS}/{script_id}", Script)

    return Op(tr("Load the script"), call)


def create(client: ApiClient, wanted: ScriptCreate) -> Op[Script]:
    async def call(_progress: Progress) -> Script:
        return await client.post(SCRIPTS, wanted, Script)

    return Op(tr("Save the script"), call, (SCRIPT,))


def update(client: ApiClient, script_id: int, change: ScriptUpdate, version: int) -> Op[Script]:
    """Refused with the code `stale` when the script is no longer at `version`."""

    async def call(_progress: Progress) -> Script:
        headers = {"If-Match": f'"{version}"'}
        return await client.put(f"{SCRIPTS}/{script_id}", change, Script, headers)

    return Op(tr("Save the script"), call, (SCRIPT,))


def findings(client: ApiClient, text: ScriptText) -> Op[list[Finding]]:
    """What a person should have seen in a text, saved or not, before it runs."""

    async def call(_progress: Progress) -> list[Finding]:
        return await client.post(f"{SCRIPTS}/findings", text, list[Finding])

    return Op(tr("Look through the script"), call)


def delete(client: ApiClient, script_ids: Sequence[int]) -> Op[int]:
    async def call(progress: Progress) -> int:
        for done, script_id in enumerate(script_ids):
            progress.report(done / len(script_ids))
            await client.delete(f"{SCRIPTS}/{script_id}")
        return len(script_ids)

    title = plural(len(script_ids), "Delete the script", "Delete {count} scripts")
    return Op(title, call, (SCRIPT,))


def revisions(client: ApiClient, script_id: int, cursor: str | None) -> Op[Page[ScriptRevision]]:
    async def call(_progress: Progress) -> Page[ScriptRevision]:
        params = {"cursor": cursor} if cursor else None
        return await client.get(f"{SCRIPTS}/{script_id}/revisions", Page[ScriptRevision], params)

    return Op(tr("Load the revisions"), call)


def duplicate(client: ApiClient, script: Script, taken: set[str]) -> Op[Script]:
    """A copy under a name that is free; `taken` are the names in lower case."""

    async def call(_progress: Progress) -> Script:
        wanted = ScriptCreate(
            name=free_name(tr("{name} (copy)", name=script.name), taken),
            content=script.content,
            language=script.language,
            description=script.description,
            target_os_type=script.target_os_type,
            timeout_s=script.timeout_s,
            parameters=script.parameters,
            idempotent=script.idempotent,
            message=tr("Copied from “{name}”, revision {n}", name=script.name, n=script.revision),
        )
        return await client.post(SCRIPTS, wanted, Script)

    return Op(tr("Duplicate the script"), call, (SCRIPT,))


def import_files(
    client: ApiClient, paths: Sequence[Path], taken: set[str]
) -> Op[tuple[list[Script], list[str]]]:
    """Answers the scripts that were made, and a sentence for each file that was not taken over."""

    async def call(progress: Progress) -> tuple[list[Script], list[str]]:
        made: list[Script] = []
        refused: list[str] = []
        names = set(taken)
        for done, path in enumerate(paths):
            progress.report(done / len(paths), path.name)
            try:
                made.append(await _import(client, path, names))
                names.add(made[-1].name.lower())
            except (ApiError, UnusableFile) as error:
                refused.append(str(error))
        return made, refused

    return Op(plural(len(paths), "Import a script", "Import {count} scripts"), call, (SCRIPT,))


async def _import(client: ApiClient, path: Path, taken: set[str]) -> Script:
    file = await asyncio.to_thread(read_script, path)
    wanted = ScriptCreate(
        name=free_name(file.name, taken),
        content=file.content,
        language=file.language,
        message=tr("Imported from {name}", name=path.name),
    )
    return await client.post(SCRIPTS, wanted, Script)


def free_name(wanted: str, taken: set[str]) -> str:
    """`wanted`, or `wanted 2`, `wanted 3`... when it is taken."""
    name, number = wanted, 1
    while name.lower() in taken:
        number += 1
        name = f"{wanted} {number}"
    return name
