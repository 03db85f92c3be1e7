"""Routes of runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from litestar import get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from backend_lite.contract.common import Page
from backend_lite.contract.runs import RUNS, RolloutCreated, Run, RunRerun
from backend_lite.core.db.database import Database
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import USER
from backend_lite.features.runs.lists import NEWEST_FIRST, PAGE, Lists
from backend_lite.features.runs.reruns import Reruns
from backend_lite.features.runs.rollout_routes import RUN, RUN_ID, VIEW, AnyId, AnyRequest, idempotency_key
from backend_lite.features.runs.rollouts import Rollouts


def run_routes(database: Database, rollouts: Rollouts, reruns: Reruns, lists: Lists) -> Sequence[Route]:
    @get(RUNS, permission=VIEW, audience=USER, scoped=True)
    async def list_runs(
        request: AnyRequest,
        limit: FromQuery[int] = PAGE,
        cursor: AnyId = None,
        rollout_id: AnyId = None,
        device_id: AnyId = None,
        run_state: Annotated[str | None, QueryParameter(name="state")] = None,
        q: FromQuery[str] = "",
        sort: FromQuery[str] = NEWEST_FIRST,
    ) -> Page[Run]:
        """Of a rollout, a device or in a state if one is named, those that the query finds; of devices where
        the caller may see them."""
        chosen = {"rollout_id": rollout_id, "device_id": device_id}
        groups = request.user.groups_for(VIEW)
        return await database.read(
            lambda session: lists.runs(
                session, limit, cursor, groups, state=run_state, q=q, sort=sort, **chosen
            )
        )

    @get(f"{RUNS}/{{run_id:int}}", permission=VIEW, audience=USER, within=RUN_ID)
    async def get_run(run_id: FromPath[int]) -> Run:
        return await database.read(lambda session: lists.run(session, run_id))

    @post(f"{RUNS}/{{run_id:int}}/cancel", status_code=200, permission=RUN, audience=USER, within=RUN_ID)
    async def cancel_run(run_id: FromPath[int]) -> Run:
        """Certain before the device has started it; afterwards the agent is told to stop it."""
        await database.write(lambda unit: rollouts.cancel_run(unit, run_id))
        return await database.read(lambda session: lists.run(session, run_id))

    @post(f"{RUNS}/{{run_id:int}}/rerun", permission=RUN, audience=USER, within=RUN_ID)
    async def rerun_run(
        request: AnyRequest, run_id: FromPath[int], data: JSONBody[RunRerun]
    ) -> RolloutCreated:
        """The same work again on that device, from a step on."""
        key, principal = idempotency_key(request), request.user
        return await database.write(lambda unit: reruns.run(unit, run_id, data, principal, key))

    return [list_runs, get_run, cancel_run, rerun_run]
