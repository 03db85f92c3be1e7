"""What the run dialog asks the service for."""

from __future__ import annotations

from backend_lite.contract.live import ROLLOUT, RUN
from backend_lite.contract.runs import ROLLOUTS, Preview, RolloutCreate, RolloutCreated
from console.core.client import ApiClient
from console.core.ops import Op, Progress
from console.core.texts import tr


def start(client: ApiClient, wanted: RolloutCreate, key: str) -> Op[RolloutCreated]:
    """The same `key` gives the same rollout, however often it is sent."""

    async def call(_progress: Progress) -> RolloutCreated:
        return await client.post(ROLLOUTS, wanted, RolloutCreated, {"Idempotency-Key": key})

    return Op(tr("Start the run"), call, (ROLLOUT, RUN))


def preview(client: ApiClient, wanted: RolloutCreate) -> Op[Preview]:
    async def call(_progress: Progress) -> Preview:
        return await client.post(f"{ROLLOUTS}/preview", wanted, Preview)

    return Op(tr("Look at what would happen"), call)
