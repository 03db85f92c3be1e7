"""What can be done with scripts."""

from __future__ import annotations

from backend_lite.contract.common import Page
from backend_lite.contract.library import (
    SCRIPTS,
    Script,
    ScriptCreate,
    ScriptRevision,
    ScriptText,
    ScriptUpdate,
)
from backend_lite.contract.live import PROFILE, SCRIPT
from backend_lite.contract.runs import Finding
from console.core.client import ApiClient, if_match
from console.core.ops import Op, Progress
from console.core.starter_library import Loaded, load_starter_library
from console.core.texts import tr


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
        headers = if_match(version)
        return await client.put(f"{SCRIPTS}/{script_id}", change, Script, headers)

    return Op(tr("Save the script"), call, (SCRIPT,))


def findings(client: ApiClient, text: ScriptText) -> Op[list[Finding]]:
    """What a person should have seen in a text, saved or not, before it runs."""

    async def call(_progress: Progress) -> list[Finding]:
        return await client.post(f"{SCRIPTS}/findings", text, list[Finding])

    return Op(tr("Look through the script"), call)


def revisions(client: ApiClient, script_id: int, cursor: str | None) -> Op[Page[ScriptRevision]]:
    async def call(_progress: Progress) -> Page[ScriptRevision]:
        params = {"cursor": cursor} if cursor else None
        return await client.get(f"{SCRIPTS}/{script_id}/revisions", Page[ScriptRevision], params)

    return Op(tr("Load the revisions"), call)


def duplicate(client: ApiClient, script_id: int) -> Op[Script]:
    """A copy under a name that is free."""

    async def call(_progress: Progress) -> Script:
        return await client.post(f"{SCRIPTS}/{script_id}/duplicate", None, Script)

    return Op(tr("Duplicate the script"), call, (SCRIPT,))


def load_starters(client: ApiClient) -> Op[Loaded]:
    """The scripts and templates that ship with the program, as far as they are missing."""

    async def call(progress: Progress) -> Loaded:
        return await load_starter_library(client, progress)

    return Op(tr("Load the starter library"), call, (SCRIPT, PROFILE))
