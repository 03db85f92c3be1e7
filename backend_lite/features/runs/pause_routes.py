"""Routes of pauses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Request, delete, get, post
from litestar.params import FromPath, JSONBody

from backend_lite.contract.pauses import PAUSES, Pause, PauseCreate
from backend_lite.core.db.database import Database
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import USER
from backend_lite.features.runs.pauses import Pauses
from backend_lite.features.runs.rollout_routes import RUN, VIEW


def pause_routes(database: Database, pauses: Pauses) -> Sequence[Route]:
    @get(PAUSES, permission=VIEW, audience=USER)
    async def list_pauses() -> list[Pause]:
        """The oldest first."""
        return await database.read(pauses.page)

    @post(PAUSES, permission=RUN, audience=USER)
    async def create_pause(request: Request[Any, Any, Any], data: JSONBody[PauseCreate]) -> Pause:
        """Let no work start on all devices, a group or a device; what has started goes on."""
        principal = request.user
        return await database.write(lambda unit: pauses.create(unit, data, principal))

    @delete(f"{PAUSES}/{{pause_id:int}}", permission=RUN, audience=USER)
    async def end_pause(pause_id: FromPath[int]) -> None:
        await database.write(lambda unit: pauses.end(unit, pause_id))

    return [list_pauses, create_pause, end_pause]
