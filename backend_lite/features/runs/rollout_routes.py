"""Routes of rollouts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from backend_lite.contract.common import Page
from backend_lite.contract.runs import ROLLOUTS, Rollout, RolloutCreate, RolloutCreated
from backend_lite.core.db.base import MAX_ID
from backend_lite.core.db.database import Database
from backend_lite.core.db.unit import Unit
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import USER
from backend_lite.errors import InvalidError
from backend_lite.features.runs.lists import PAGE, Lists
from backend_lite.features.runs.plans import Plans, may_have_secrets
from backend_lite.features.runs.reach import MAY_RUN
from backend_lite.features.runs.reruns import Reruns
from backend_lite.features.runs.rollouts import Rollouts
from backend_lite.features.runs.seals import Seals

VIEW, RUN = "rollouts:view", MAY_RUN
MAX_KEY = 200

AnyRequest = Request[Any, Any, Any]
AnyId = Annotated[int | None, QueryParameter(ge=1, le=MAX_ID)]
"""An id, or a number of that kind, in a query."""
_ONE = f"{ROLLOUTS}/{{rollout_id:int}}"


def rollout_routes(
    database: Database, plans: Plans, rollouts: Rollouts, reruns: Reruns, lists: Lists
) -> Sequence[Route]:
    @post(ROLLOUTS, permission=RUN, audience=USER, scoped=True)
    async def create_rollout(request: AnyRequest, data: JSONBody[RolloutCreate]) -> RolloutCreated:
        """Run a script, or several in order, on devices."""
        key, principal = idempotency_key(request), request.user
        seals = Seals()
        if may_have_secrets(data):
            groups = principal.groups_for(RUN)
            seals = await database.read(lambda session: plans.seal_ahead(session, data, groups))
        return await database.write(lambda unit: rollouts.create(unit, data, principal, key, seals))

    @get(ROLLOUTS, permission=VIEW, audience=USER)
    async def list_rollouts(
        limit: FromQuery[int] = PAGE, cursor: AnyId = None, q: FromQuery[str] = ""
    ) -> Page[Rollout]:
        """Newest first, those that the query finds; `next` of a page is the `cursor` of the following one."""
        return await database.read(lambda session: lists.rollouts(session, limit, cursor, q=q))

    @get(_ONE, permission=VIEW, audience=USER)
    async def get_rollout(rollout_id: FromPath[int]) -> Rollout:
        return await database.read(lambda session: lists.rollout(session, rollout_id))

    @post(f"{_ONE}/cancel", status_code=200, permission=RUN, audience=USER)
    async def cancel_rollout(rollout_id: FromPath[int]) -> Rollout:
        """Cancel every run that has not ended."""
        await database.write(lambda unit: rollouts.cancel_rollout(unit, rollout_id))
        return await database.read(lambda session: lists.rollout(session, rollout_id))

    @post(f"{_ONE}/halt", status_code=200, permission=RUN, audience=USER)
    async def halt_rollout(request: AnyRequest, rollout_id: FromPath[int]) -> Rollout:
        """Start nothing more of it until it is resumed; what has started goes on."""
        principal = request.user
        await database.write(lambda unit: rollouts.halt(unit, rollout_id, principal))
        return await database.read(lambda session: lists.rollout(session, rollout_id))

    @post(f"{_ONE}/resume", status_code=200, permission=RUN, audience=USER)
    async def resume_rollout(rollout_id: FromPath[int]) -> Rollout:
        """Go on with a halted rollout; open the next wave of one whose wave is done and waits for that."""
        await database.write(lambda unit: rollouts.resume(unit, rollout_id))
        return await database.read(lambda session: lists.rollout(session, rollout_id))

    @post(f"{_ONE}/rerun-failed", permission=RUN, audience=USER)
    async def rerun_failed(request: AnyRequest, rollout_id: FromPath[int]) -> RolloutCreated:
        """A new rollout over the devices where this one failed, expired or has no known end."""
        key, principal = idempotency_key(request), request.user

        def work(unit: Unit) -> RolloutCreated:
            return reruns.failed(unit, rollout_id, principal, key)

        return await database.write(work)

    return [
        create_rollout,
        list_rollouts,
        get_rollout,
        cancel_rollout,
        halt_rollout,
        resume_rollout,
        rerun_failed,
    ]


def idempotency_key(request: AnyRequest) -> str | None:
    """What makes asking again harmless. Raises InvalidError."""
    key = request.headers.get("idempotency-key")
    if key is not None and not 1 <= len(key) <= MAX_KEY:
        raise InvalidError(f"An Idempotency-Key has 1 to {MAX_KEY} characters.")
    return key
