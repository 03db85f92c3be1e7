"""What the run dialog asks the service for."""

from __future__ import annotations

from backend_lite.contract.common import Page
from backend_lite.contract.library import SCRIPTS, ScriptRevision
from backend_lite.contract.live import ROLLOUT, RUN
from backend_lite.contract.runs import ROLLOUTS, Preview, RolloutCreate, RolloutCreated
from console.core.client import ApiClient
from console.core.ops import Op, Progress
from console.core.texts import tr

_PAGES_AT_MOST = 20


def start(client: ApiClient, wanted: RolloutCreate, key: str) -> Op[RolloutCreated]:
    """The same `key` gives the same rollout, however often it is sent."""

    async def call(_progress: Progress) -> RolloutCreated:
        return await client.post(ROLLOUTS, wanted, RolloutCreated, {"Idempotency-Key": key})

    return Op(tr("Start the run"), call, (ROLLOUT, RUN))


def preview(client: ApiClient, wanted: RolloutCreate) -> Op[Preview]:
    async def call(_progress: Progress) -> Preview:
        return await client.post(f"{ROLLOUTS}/preview", wanted, Preview)

    return Op(tr("Look at what would happen"), call)


def load_revisions(client: ApiClient, script_id: int, wanted: int | None) -> Op[list[ScriptRevision]]:
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
