"""How long runs and output are kept: what the window asks the service for."""

from __future__ import annotations

from backend_lite.contract.output import RETENTION, Retention, RetentionPreview
from console.core.client import ApiClient
from console.core.ops import Op, Progress
from console.core.texts import tr


def load(client: ApiClient) -> Op[Retention]:
    async def call(_progress: Progress) -> Retention:
        return await client.get(RETENTION, Retention)

    return Op(tr("Load the rules of retention"), call)


def save(client: ApiClient, rules: Retention) -> Op[Retention]:
    async def call(_progress: Progress) -> Retention:
        return await client.put(RETENTION, rules, Retention)

    return Op(tr("Save the rules of retention"), call)


def look_ahead(client: ApiClient, rules: Retention) -> Op[RetentionPreview]:
    """What the next turn would remove by these rules."""

    async def call(_progress: Progress) -> RetentionPreview:
        return await client.post(f"{RETENTION}/preview", rules, RetentionPreview)

    return Op(tr("Look at what would be removed"), call)
