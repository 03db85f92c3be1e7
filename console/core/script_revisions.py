"""The revisions of a script, for choosing one."""

from __future__ import annotations

from backend_lite.contract.common import Page
from backend_lite.contract.library import SCRIPTS, ScriptRevision
from console.core.client import ApiClient
from console.core.ops import Op, Progress
from console.core.texts import tr

_PAGES_AT_MOST = 20


def script_revisions(client: ApiClient, script_id: int, wanted: int | None) -> Op[list[ScriptRevision]]:
    """The newest page of revisions, and as many older ones as it takes to find the one `wanted`."""

    async def call(_progress: Progress) -> list[ScriptRevision]:
        found: list[ScriptRevision] = []
        cursor: str | None = None
        for _page in range(_PAGES_AT_MOST):
            params = {"cursor": cursor} if cursor else None
            page = await client.get(f"{SCRIPTS}/{script_id}/revisions", Page[ScriptRevision], params)
            found += page.items
            cursor = page.next
            if cursor is None or wanted is None or any(one.id == wanted for one in found):
                break
        return found

    return Op(tr("Load the revisions"), call)
