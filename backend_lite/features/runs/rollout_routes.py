"""Routes of rollouts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from backend_lite.contract.common import Page
from backend_lite.contract.runs import ROLLOUTS, Rollout, RolloutCreate, RolloutCreated, RolloutRerun
from backend_lite.core.db.base import MAX_ID
from backend_lite.core.db.database import Database
from backend_lite.core.db.unit import Unit
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import USER
from backend_lite.errors import InvalidError
from backend_lite.features.runs.lists import PAGE, Lists
from backend_lite.features.runs.plans import Plans, may_have_secrets
from backend_lite.features.runs.reach import MAY_RUN, MAY_VIEW, Reach
from backend_lite.features.runs.reruns import Reruns
from backend_lite.features.runs.rollouts import Rollouts
from backend_lite.features.runs.seals import Seals

T = TypeVar("T")
VIEW, RUN = MAY_VIEW, MAY_RUN
MAX_KEY = 200
RUN_ID = "run_id"
"""The part of an address that names a run."""

AnyRequest = Request[Any, Any, Any]
AnyId = Annotated[int | None, QueryParameter(ge=1, le=MAX_ID)]
"""An id, or a number of that kind, in a query."""
_ONE = f"{ROLLOUTS}/{{rollout_id:int}}"


def rollout_routes(
    database: Database, plans: Plans, rollouts: Rollouts, reruns: Reruns, lists: Lists, reach: Reach
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

    async def change(request: AnyRequest, rollout_id: int, work: Callable[[Unit], T]) -> T:
        """What concerns a rollout concerns all its runs: each has to be in reach of the caller's rights."""
        groups = request.user.groups_for(RUN)

        def checked(unit: Unit) -> T:
            reach.refuse_rollout(unit.session, rollout_id, groups)
            return work(unit)

        return await database.write(checked)

    async def changed(request: AnyRequest, rollout_id: int, work: Callable[[Unit], None]) -> Rollout:
        """The rollout afterwards."""
        await change(request, rollout_id, work)
        groups = request.user.groups_for(RUN)
        return await database.read(lambda session: lists.rollout(session, rollout_id, groups))

    @get(ROLLOUTS, permission=VIEW, audience=USER, scoped=True)
    async def list_rollouts(
        request: AnyRequest, limit: FromQuery[int] = PAGE, cursor: AnyId = None, q: FromQuery[str] = ""
    ) -> Page[Rollout]:
        """Newest first, those that the query finds; `next` of a page is the `cursor` of the following one.
        Whose right to see them holds in groups only finds those that have runs there, and of each these."""
        groups = request.user.groups_for(VIEW)
        return await database.read(lambda session: lists.rollouts(session, limit, cursor, groups, q=q))

    @get(_ONE, permission=VIEW, audience=USER, scoped=True)
    async def get_rollout(request: AnyRequest, rollout_id: FromPath[int]) -> Rollout:
        """Whose right holds in groups only sees counters, waves and targets of the runs there."""
        groups = request.user.groups_for(VIEW)
        return await database.read(lambda session: lists.rollout(session, rollout_id, groups))

    @post(f"{_ONE}/cancel", status_code=200, permission=RUN, audience=USER, scoped=True)
    async def cancel_rollout(request: AnyRequest, rollout_id: FromPath[int]) -> Rollout:
        """Cancel every run that has not ended."""
        return await changed(request, rollout_id, lambda unit: rollouts.cancel_rollout(unit, rollout_id))

    @post(f"{_ONE}/halt", status_code=200, permission=RUN, audience=USER, scoped=True)
    async def halt_rollout(request: AnyRequest, rollout_id: FromPath[int]) -> Rollout:
        """Start nothing more of it until it is resumed; what has started goes on."""
        principal = request.user
        return await changed(request, rollout_id, lambda unit: rollouts.halt(unit, rollout_id, principal))

    @post(f"{_ONE}/resume", status_code=200, permission=RUN, audience=USER, scoped=True)
    async def resume_rollout(request: AnyRequest, rollout_id: FromPath[int]) -> Rollout:
        """Go on with a halted rollout; open the next wave of one whose wave is done and waits for that."""
        return await changed(request, rollout_id, lambda unit: rollouts.resume(unit, rollout_id))

    @post(f"{_ONE}/rerun-failed", permission=RUN, audience=USER, scoped=True)
    async def rerun_failed(
        request: AnyRequest, rollout_id: FromPath[int], data: JSONBody[RolloutRerun | None] = None
    ) -> RolloutCreated:
        """A new rollout over the devices where this one failed, expired or has no known end."""
        key, principal = idempotency_key(request), request.user
        confirmed = None if data is None else data.confirmed_devices

        def work(unit: Unit) -> RolloutCreated:
            return reruns.failed(unit, rollout_id, principal, key, confirmed)

        return await change(request, rollout_id, work)

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
