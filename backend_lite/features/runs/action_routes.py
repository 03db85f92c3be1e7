"""Routes of the documented actions."""

from __future__ import annotations

from collections.abc import Sequence

from litestar import get, post
from litestar.params import FromPath, JSONBody

from backend_lite.contract.actions import Action, ActionCreate
from backend_lite.contract.fleet import DEVICES
from backend_lite.core.db.database import Database
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import USER
from backend_lite.features.runs.actions import Actions
from backend_lite.features.runs.rollout_routes import AnyRequest


def action_routes(database: Database, actions: Actions) -> Sequence[Route]:
    @post(f"{DEVICES}/{{device_id:int}}/actions", permission="devices:run", audience=USER, within="device_id")
    async def create_action(
        request: AnyRequest, device_id: FromPath[int], data: JSONBody[ActionCreate]
    ) -> Action:
        """Queue an action for a device."""
        principal = request.user
        await actions.look_ahead(data)
        return await actions.view(
            await database.write(lambda unit: actions.create(unit, device_id, data, principal))
        )

    @get(f"{DEVICES}/{{device_id:int}}/actions", permission="devices:view", audience=USER, within="device_id")
    async def list_actions(device_id: FromPath[int]) -> list[Action]:
        """Newest first."""
        rows = await database.read(lambda session: actions.of_device(session, device_id))
        return [await actions.view(row) for row in rows]

    return [create_action, list_actions]
