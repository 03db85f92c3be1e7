"""Pausing work, and letting it go on."""

from __future__ import annotations

from collections.abc import Sequence

from backend_lite.contract.live import PAUSE
from backend_lite.contract.pauses import PAUSES, Pause, PauseCreate
from console.core.client import ApiClient
from console.core.errors import ApiError
from console.core.ops import Op, each_op
from console.core.texts import tr


def pause(client: ApiClient, wanted: Sequence[PauseCreate]) -> Op[int]:
    """Answers how many pauses were made."""
    return each_op(tr("Pause work"), wanted, lambda one: client.post(PAUSES, one, Pause), PAUSE)


def resume(client: ApiClient, pause_ids: Sequence[int]) -> Op[int]:
    """Ends these pauses; one that has ended by itself meanwhile is no error. Answers how many there were."""
    return each_op(tr("Resume work"), pause_ids, lambda one: _end(client, one), PAUSE)


async def _end(client: ApiClient, pause_id: int) -> None:
    try:
        await client.delete(f"{PAUSES}/{pause_id}")
    except ApiError as refusal:
        if refusal.status != 404:
            raise
