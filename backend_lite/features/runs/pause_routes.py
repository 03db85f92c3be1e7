"""Routes of pauses."""

from __future__ import annotations

from collections.abc import Sequence

from litestar import delete, get, post
from litestar.params import FromPath, JSONBody

from backend_lite.contract.pauses import PAUSES, Pause, PauseCreate
from backend_lite.core.db.database import Database
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import USER
from backend_lite.features.runs.pauses import Pauses
from backend_lite.features.runs.rollout_routes import RUN, VIEW, AnyRequest


def pause_routes(database: Database, pauses: Pauses) -> Sequence[Route]:
    @get(PAUSES, permission=VIEW, audience=USER, scoped=True)
    async def list_pauses(request: AnyRequest) -> list[Pause]:
        """The oldest first."""
        groups = request.user.groups_for(VIEW)
        return await database.read(lambda session: pauses.page(session, groups))

    @post(PAUSES, permission=RUN, audience=USER, scoped=True)
    async def create_pause(request: AnyRequest, data: JSONBody[PauseCreate]) -> Pause:
        """Let no work start on all devices, a group or a device; what has started goes on."""
        principal = request.user
        return await database.write(lambda unit: pauses.create(unit, data, principal))

    @delete(f"{PAUSES}/{{pause_id:int}}", permission=RUN, audience=USER, scoped=True)
    async def end_pause(request: AnyRequest, pause_id: FromPath[int]) -> None:
        principal = request.user
        await database.write(lambda unit: pauses.end(unit, pause_id, principal))

    return [list_pauses, create_pause, end_pause]
