"""Pausing work, and letting it go on."""

from __future__ import annotations

from collections.abc import Sequence

from backend_lite.contract.live import PAUSE
from backend_lite.contract.pauses import PAUSES, Pause, PauseCreate
from console.core.client import ApiClient
from console.core.errors import ApiError
from console.core.ops import Op, Progress
from console.core.texts import tr


def pause(client: ApiClient, wanted: Sequence[PauseCreate]) -> Op[int]:
    """Answers how many pauses were made."""

    async def call(progress: Progress) -> int:
        for done, one in enumerate(wanted):
            progress.report(done / len(wanted))
            await client.post(PAUSES, one, Pause)
        return len(wanted)

    return Op(tr("Pause work"), call, (PAUSE,))


def resume(client: ApiClient, pause_ids: Sequence[int]) -> Op[int]:
    """Ends these pauses; one that has ended by itself meanwhile is no error. Answers how many there were."""

    async def call(progress: Progress) -> int:
        for done, pause_id in enumerate(pause_ids):
            progress.report(done / len(pause_ids))
            await _end(client, pause_id)
        return len(pause_ids)

    return Op(tr("Resume work"), call, (PAUSE,))


async def _end(client: ApiClient, pause_id: int) -> None:
    try:
        await client.delete(f"{PAUSES}/{pause_id}")
    except ApiError as refusal:
        if refusal.status != 404:
            raise
