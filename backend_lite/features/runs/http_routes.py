"""Heartbeat and result of agents that follow the documented calls."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from litestar import get, post
from litestar.params import FromPath, JSONBody

from backend_lite.contract.common import Message
from backend_lite.contract.http_agents import (
    AGENT_HEARTBEAT,
    AGENT_RESULT,
    MAX_RESULT,
    AgentActions,
    AgentHeartbeat,
    AgentResult,
    AgentResultTaken,
)
from backend_lite.core.db.base import storable
from backend_lite.core.db.database import Database
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import MACHINE, OPEN
from backend_lite.core.security.principal import AGENT_REPORT
from backend_lite.errors import ForbiddenError, NotFoundError
from backend_lite.features.fleet.api import FleetApi
from backend_lite.features.runs.http_agents import HttpAgents
from backend_lite.features.runs.rollout_routes import AnyRequest


def http_agent_routes(database: Database, fleet: FleetApi, agents: HttpAgents) -> Sequence[Route]:
    @get(AGENT_HEARTBEAT, permission=OPEN, audience=MACHINE)
    async def heartbeat_is_there() -> Message:
        """That the address is right."""
        return Message("agent heartbeat endpoint is alive")

    @post(AGENT_HEARTBEAT, status_code=200, permission=AGENT_REPORT, audience=MACHINE)
    async def heartbeat(request: AnyRequest, data: JSONBody[AgentHeartbeat]) -> AgentActions:
        """Say that the device is there, and get the next action, if there is one."""
        device_id = _own(request, data.device_id)
        actions = await agents.heartbeat(device_id)
        said = {"os_version": data.os_version, "hardware_summary": data.hardware_summary}
        if any(said.values()):
            address = request.client.host if request.client else ""
            # One that was retired is told its last action; what it says of itself counts no more.
            with suppress(NotFoundError):
                await database.write(lambda unit: fleet.callers.describe(unit, device_id, said, address))
        return AgentActions(actions)

    @post(
        AGENT_RESULT,
        status_code=200,
        permission=AGENT_REPORT,
        audience=MACHINE,
        request_max_body_size=MAX_RESULT,
    )
    async def result(
        request: AnyRequest, action_id: FromPath[int], data: JSONBody[AgentResult]
    ) -> AgentResultTaken:
        """How an action ended. The same again is fine, another one is not."""
        await agents.result(request.user.device_id, action_id, data)
        return AgentResultTaken()

    return [heartbeat_is_there, heartbeat, result]


def _own(request: AnyRequest, device_id: int) -> int:
    """The device that calls. Raises NotFoundError, and ForbiddenError where it names another one."""
    if not storable(device_id):
        raise NotFoundError("Device not found")
    own: int = request.user.device_id
    if device_id != own:
        raise ForbiddenError(f"This secret belongs to another device: its device_id is {own}.")
    return own
