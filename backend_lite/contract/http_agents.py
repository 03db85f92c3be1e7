"""Agents that follow the documented HTTP calls: register, heartbeat, result.

`register` also answers with a secret. It is shown once; heartbeat and result send it as Bearer.
"""

from __future__ import annotations

from msgspec import Struct

from backend_lite.contract.common import Time

AGENT_REGISTER = "/api/v1/agent/register"
AGENT_HEARTBEAT = "/api/v1/agent/heartbeat"
AGENT_RESULT = "/api/v1/agent/actions/{action_id:int}/result"

POLL_INTERVAL_S = 30
MAX_RESULT = 32 << 20
"""Largest result with its logs, in bytes."""


class AgentRegister(Struct):
    """With the Bearer of a device that there is already, this changes what it says of itself. Without, it is
    another device, also where one of that name is known."""

    enrollment_token: str
    hostname: str
    os_version: str | None = None
    hardware_summary: str | None = None
    os_type: str = "windows"
    os_description: str | None = None


class AgentRegistered(Struct, omit_defaults=True):
    """`device_secret` is there for a new device only."""

    device_id: int
    poll_interval_seconds: int
    device_secret: str = ""


class AgentHeartbeat(Struct):
    device_id: int
    status: str = "online"
    os_version: str | None = None
    hardware_summary: str | None = None


class AgentAction(Struct):
    """What to do: at most one at a time, in order. `payload` is a script's text, or
    for the removal of the agent its reason."""

    id: int
    type: str
    payload: str | None


class AgentActions(Struct):
    actions: list[AgentAction]


class AgentResult(Struct):
    """`status` is `succeeded` or `failed`. `logs` may have the parts `=== STDOUT ===` and `=== STDERR
    ===`."""

    status: str
    exit_code: int | None = None
    logs: str | None = None
    completed_at: Time | None = None


class AgentResultTaken(Struct):
    status: str = "ok"
