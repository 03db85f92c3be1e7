"""Routes of rollouts, runs and the documented actions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from backend_lite.contract.common import Page
from backend_lite.contract.fleet import DEVICES
from backend_lite.contract.runs import (
    ROLLOUTS,
    RUNS,
    Action,
    ActionCreate,
    Rollout,
    RolloutCreate,
    RolloutCreated,
    Run,
)
from backend_lite.core.db.database import Database
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import USER
from backend_lite.errors import InvalidError
from backend_lite.features.runs.actions import Actions
from backend_lite.features.runs.lists import NEWEST_FIRST, PAGE, Lists
from backend_lite.features.runs.rollouts import Rollouts

VIEW, RUN = "rollouts:view", "rollouts:run"
MAX_KEY = 200

AnyRequest = Request[Any, Any, Any]


def rollout_routes(database: Database, rollouts: Rollouts, lists: Lists) -> Sequence[Route]:
    @post(ROLLOUTS, permission=RUN, audience=USER)
    async def create_rollout(request: AnyRequest, data: JSONBody[RolloutCreate]) -> RolloutCreated:
        """Run a script on devices."""
        key, principal = _idempotency_key(request), request.user
        return await database.write(lambda unit: rollouts.create(unit, data, principal, key))

    @get(ROLLOUTS, permission=VIEW, audience=USER)
    async def list_rollouts(
        limit: FromQuery[int] = PAGE, cursor: FromQuery[int | None] = None, q: FromQuery[str] = ""
    ) -> Page[Rollout]:
        """Newest first, those that the query finds; `next` of a page is the `cursor` of the following one."""
        return await database.read(lambda session: lists.rollouts(session, limit, cursor, q=q))

    @get(f"{ROLLOUTS}/{{rollout_id:int}}", permission=VIEW, audience=USER)
    async def get_rollout(rollout_id: FromPath[int]) -> Rollout:
        return await database.read(lambda session: lists.rollout(session, rollout_id))

    @post(f"{ROLLOUTS}/{{rollout_id:int}}/cancel", status_code=200, permission=RUN, audience=USER)
    async def cancel_rollout(rollout_id: FromPath[int]) -> Rollout:
        """Cancel every run that has not ended."""
        await database.write(lambda unit: rollouts.cancel_rollout(unit, rollout_id))
        return await database.read(lambda session: lists.rollout(session, rollout_id))

    return [create_rollout, list_rollouts, get_rollout, cancel_rollout]


def run_routes(database: Database, rollouts: Rollouts, lists: Lists) -> Sequence[Route]:
    @get(RUNS, permission=VIEW, audience=USER)
    async def list_runs(
        limit: FromQuery[int] = PAGE,
        cursor: FromQuery[int | None] = None,
        rollout_id: FromQuery[int | None] = None,
        device_id: FromQuery[int | None] = None,
        run_state: Annotated[str | None, QueryParameter(name="state")] = None,
        q: FromQuery[str] = "",
        sort: FromQuery[str] = NEWEST_FIRST,
    ) -> Page[Run]:
        """Of a rollout, a device or in a state if one is named, those that the query finds."""
        chosen = {"rollout_id": rollout_id, "device_id": device_id}
        return await database.read(
            lambda session: lists.runs(session, limit, cursor, state=run_state, q=q, sort=sort, **chosen)
        )

    @get(f"{RUNS}/{{run_id:int}}", permission=VIEW, audience=USER)
    async def get_run(run_id: FromPath[int]) -> Run:
        return await database.read(lambda session: lists.run(session, run_id))

    @post(f"{RUNS}/{{run_id:int}}/cancel", status_code=200, permission=RUN, audience=USER)
    async def cancel_run(run_id: FromPath[int]) -> Run:
        """Certain before the device has started it; afterwards the agent is told to stop it."""
        await database.write(lambda unit: rollouts.cancel_run(unit, run_id))
        return await database.read(lambda session: lists.run(session, run_id))

    return [list_runs, get_run, cancel_run]


def action_routes(database: Database, actions: Actions) -> Sequence[Route]:
    @post(f"{DEVICES}/{{device_id:int}}/actions", permission="devices:run", audience=USER)
    async def create_action(
        request: AnyRequest, device_id: FromPath[int], data: JSONBody[ActionCreate]
    ) -> Action:
        """Queue an action for a device."""
        principal = request.user
        return await actions.view(
            await database.write(lambda unit: actions.create(unit, device_id, data, principal))
        )

    @get(f"{DEVICES}/{{device_id:int}}/actions", permission="devices:view", audience=USER)
    async def list_actions(device_id: FromPath[int]) -> list[Action]:
        """Newest first."""
        rows = await database.read(lambda session: actions.of_device(session, device_id))
        return [await actions.view(row) for row in rows]

    return [create_action, list_actions]


def _idempotency_key(request: AnyRequest) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not 1 <= len(key) <= MAX_KEY:
        raise InvalidError(f"An Idempotency-Key has 1 to {MAX_KEY} characters.")
    return key
