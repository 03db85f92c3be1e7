"""Rollouts, their runs and steps, the actions of the documented API, and output."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, field

from agent.wire.states import RolloutState, RunState, Source, StepState
from backend_lite.contract.common import Time

ROLLOUTS = "/api/v1/rollouts"
RUNS = "/api/v1/runs"

DEFAULT_TIMEOUT_S = 1800
MAX_TIMEOUT_S = 7 * 86400
DEFAULT_EXPIRES_AFTER_S = 7 * 86400
MAX_ARGUMENTS = 200
MAX_PARAMETERS_BYTES = 64 << 10

ParameterValue = str | int | float | bool


class ActionType(StrEnum):
    """Types of the documented actions; `powershell_inline` and `powershell_script` are one language."""

    POWERSHELL_INLINE = "powershell_inline"
    POWERSHELL_SCRIPT = "powershell_script"
    BASH = "bash"
    SH = "sh"
    CMD = "cmd"
    PYTHON = "python"
    INVENTORY = "inventory"
    REBOOT = "reboot"
    AGENT_UNINSTALL = "agent_uninstall"


class Targets(Struct):
    devices: list[int] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)
    query: str = ""


class Policy(Struct):
    """`timeout_s` defaults to the script's own; a run that no device took by `expires_after_s` expires."""

    timeout_s: int | None = None
    expires_after_s: int = DEFAULT_EXPIRES_AFTER_S


class RolloutCreate(Struct):
    """POST ROLLOUTS. Exactly one of `script_id` (its current revision) and `revision_id`.

    `arguments` are handed to the script as a vector; `parameters` as variables and a file. With an
    `Idempotency-Key` header the same key gives the same rollout.
    """

    script_id: int | None = None
    revision_id: int | None = None
    targets: Targets = field(default_factory=Targets)
    arguments: list[str] = field(default_factory=list)
    parameters: dict[str, ParameterValue] = field(default_factory=dict)
    policy: Policy = field(default_factory=Policy)


class Counters(Struct):
    """Runs of a rollout by state; kept when a run changes, never counted when read."""

    total: int = 0
    waiting: int = 0
    queued: int = 0
    running: int = 0
    cancelling: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    skipped: int = 0
    expired: int = 0
    unknown: int = 0


class Rollout(Struct):
    id: int
    title: str
    state: RolloutState
    script_id: int | None
    revision_id: int | None
    revision: int | None
    type: str
    arguments: list[str]
    parameters: dict[str, ParameterValue]
    policy: Policy
    counters: Counters
    created_by: str
    created_at: Time
    ended_at: Time | None


class RolloutCreated(Rollout):
    """Answer of POST ROLLOUTS: the rollout and the ids of its runs, in the order of the targets."""

    run_ids: list[int]


class Step(Struct):
    """One thing an agent executes; `n` counts from 1 in its run, `attempt` is the current try's number.

    `stdout_size`, `stderr_size` are the bytes the service has; `*_total` all that the script wrote.
    """

    id: int
    n: int
    type: str
    name: str
    state: StepState
    reason: str
    source: Source | None
    attempt: int
    exit_code: int | None
    timeout_s: int
    started_at: Time | None
    ended_at: Time | None
    duration_ms: int | None
    stdout_size: int
    stderr_size: int
    stdout_total: int
    stderr_total: int
    truncated: bool


class Run(Struct):
    """One revision on one device. `waiting` says in a sentence why an open run waits, `until` its clock.

    Lists carry `steps` too: a run of a script has one.
    """

    id: int
    rollout_id: int
    title: str
    device_id: int
    device: str
    state: RunState
    reason: str
    source: Source | None
    waiting: str
    until: Time | None
    created_at: Time
    started_at: Time | None
    ended_at: Time | None
    created_by: str
    steps: list[Step]


class OutputPiece(Struct, array_like=True):
    """`length` bytes of `stream` (0 stdout, 1 stderr) from `offset`, `elapsed_ms` after the start."""

    stream: int
    offset: int
    length: int
    elapsed_ms: int


class OutputIndex(Struct):
    """GET RUNS/{id}/steps/{n}/output/index?start=: the order in which pieces arrived, from piece `start`."""

    pieces: list[OutputPiece]
    total: int


class ActionCreate(Struct):
    type: str
    payload: str | None = None
    script_id: int | None = None


class Action(Struct):
    """A step in the words of the documented API. `logs` is UTF-8 text, head and tail up to 1 MiB."""

    id: int
    device_id: int
    type: str
    status: str
    payload: str | None
    script_id: int | None
    logs: str | None
    exit_code: int | None
    state: StepState
    reason: str
    logs_truncated: bool
    logs_url: str
    created_at: Time
    updated_at: Time
    completed_at: Time | None
