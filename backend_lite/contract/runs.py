"""Rollouts, their runs and steps, the actions of the documented API, and output."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, field

from agent.wire.states import RolloutState, RunState, Source, StepState
from backend_lite.contract.common import Time
from backend_lite.contract.parameters import ParameterValue, PlainValue

ROLLOUTS = "/api/v1/rollouts"
RUNS = "/api/v1/runs"

DEFAULT_TIMEOUT_S = 1800
MAX_TIMEOUT_S = 7 * 86400
DEFAULT_EXPIRES_AFTER_S = 7 * 86400
MAX_ARGUMENTS = 200
MAX_TASKS = 100
MAX_RETRIES = 10
MAX_REBOOTS = 10

REBOOT_CODES_WINDOWS = (3010, 1641)
REBOOT_CODES = (194,)
"""Exit codes by which a step announces that the machine has to restart (1641: it restarts already)."""


class Targets(Struct):
    """Devices by id, by group, and by a query of `contract.query`; together, each device once.

    A device named by its id must be there and fit; what groups and queries bring in and cannot run is
    reported as a skipped run.
    """

    devices: list[int] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)
    query: str = ""


class OfflinePolicy(StrEnum):
    """What becomes of devices that are not connected when their turn comes."""

    QUEUE = "queue"
    SKIP = "skip"
    FAIL = "fail"


class RunAs(StrEnum):
    SYSTEM = "system"
    USER = "user"


class RebootPolicy(StrEnum):
    """After a step that announced a restart: wait until somebody restarts the machine, or restart it."""

    WAIT = "wait"
    NOW = "now"


class Window(Struct):
    """When work may start: on `days` (`mon`..`sun`; none: every day), from `start` to `end` (`HH:MM`; an end
    before the start is on the next day). `time_zone` is an IANA name; empty: each device's own."""

    start: str
    end: str
    days: list[str] = field(default_factory=list)
    time_zone: str = ""


class Waves(Struct):
    """`sizes` are counts ("5") or shares of all runs ("10%"); what is left is the last wave.

    After a wave the next one starts once no device of the wave is lost for `healthy_for_s`, or by hand
    when `by_hand` is set.
    """

    sizes: list[str] = field(default_factory=list)
    healthy_for_s: int = 0
    by_hand: bool = False


class Retries(Struct):
    """`count` more attempts after a failure, the first after `delay_s`, each time after twice as long, at
    most an hour. Only for work that may be repeated: `idempotent` scripts, or a policy that says so."""

    count: int = 0
    delay_s: int = 30


class Policy(Struct):
    """How a rollout is carried out. `timeout_s` defaults to each script's own.

    A run that no device took by `expires_after_s` expires. `failure_limit` ("5" or "10%" of all runs) halts
    the rollout when more runs than that ended badly. `concurrency` limits how many runs are under way at
    once. A `parallel` run does not wait for others on its device. Steps that announce a restart are
    followed by it as `reboot` says, at most `max_reboots` times a run, each within `reboot_within_s`.
    """

    timeout_s: int | None = None
    idle_timeout_s: int | None = None
    expires_after_s: int = DEFAULT_EXPIRES_AFTER_S
    not_before: Time | None = None
    window: Window | None = None
    offline: OfflinePolicy = OfflinePolicy.QUEUE
    concurrency: int | None = None
    waves: Waves | None = None
    failure_limit: str | None = None
    retries: Retries = field(default_factory=Retries)
    idempotent: bool = False
    parallel: bool = False
    run_as: RunAs = RunAs.SYSTEM
    working_folder: str = ""
    exit_codes: list[int] = field(default_factory=lambda: [0])
    reboot: RebootPolicy = RebootPolicy.WAIT
    max_reboots: int = 3
    reboot_within_s: int = 3600


class TaskAction(StrEnum):
    """What is done with a script (the first three) or with software."""

    RUN = "run"
    UNDO = "undo"
    DETECT = "detect"
    INSTALL = "install"
    UNINSTALL = "uninstall"


class TaskReboot(StrEnum):
    """After a task that succeeded. ANNOUNCED: a restart only if its exit code asks for one, as the policy
    says; ALWAYS: a restart, as the policy says; NEVER: what its exit code asks for is left to others."""

    ANNOUNCED = "announced"
    ALWAYS = "always"
    NEVER = "never"


class TaskCondition(Struct):
    """On which devices a task is carried out: of this type, and found by this query of devices, both as the
    device is when the rollout is made. Elsewhere its step is skipped."""

    os_type: str | None = None
    query: str = ""


class TaskCreate(Struct):
    """One task of a rollout that has several in order: exactly one of `script_id`, `revision_id` and
    `software_id`. `action` is by default `run`, and `install` of software. `profile_task_id` is kept for
    show."""

    script_id: int | None = None
    revision_id: int | None = None
    software_id: int | None = None
    action: TaskAction | None = None
    name: str = ""
    reboot: TaskReboot = TaskReboot.ANNOUNCED
    condition: TaskCondition = field(default_factory=TaskCondition)
    profile_task_id: int | None = None
    arguments: list[str] = field(default_factory=list)
    parameters: dict[str, ParameterValue] = field(default_factory=dict)
    timeout_s: int | None = None
    continue_on_error: bool = False


class RolloutCreate(Struct):
    """POST ROLLOUTS. Exactly one of `script_id` (its current revision), `revision_id`, `software_id`,
    `profile_id` (its current revision; `task_parameters` by task id) and `tasks`. `action` as in TaskCreate.

    `arguments` are handed to the script as a vector; `parameters` as variables and a file. With an
    `Idempotency-Key` header the same key gives the same rollout. `confirmed_devices` is the number of devices
    as its person has typed it, where `Preview.gate` asks for that; without it, or with another number, the
    answer is 409 `confirm_needed`. Above the limit a person who gives it has to have signed in just now, too
    (403 `step_up_required`).
    """

    script_id: int | None = None
    revision_id: int | None = None
    software_id: int | None = None
    profile_id: int | None = None
    action: TaskAction | None = None
    task_parameters: dict[int, dict[str, ParameterValue]] = field(default_factory=dict)
    tasks: list[TaskCreate] = field(default_factory=list)
    title: str = ""
    targets: Targets = field(default_factory=Targets)
    arguments: list[str] = field(default_factory=list)
    parameters: dict[str, ParameterValue] = field(default_factory=dict)
    policy: Policy = field(default_factory=Policy)
    confirmed_devices: int | None = None


class Severity(StrEnum):
    NOTE = "note"
    WARNING = "warning"
    DANGER = "danger"


class Finding(Struct):
    """Something in a script that a person should have seen before it runs. `line` counts from 1, in the text
    that `part` names where it is not the script's own: `detect` or `undo`."""

    severity: Severity
    rule: str
    text: str
    line: int
    task: int = 1
    part: str = ""


class PreviewDevice(Struct):
    """What would happen on one device. `problem` is empty, `os_mismatch`, `not_approved`, `quarantined`,
    `language_missing`, `agent_too_old` or `condition` (no task is for it), with its sentence in `detail`;
    `skipped` says that its run would be made as skipped. `skips` are the numbers of the tasks whose
    condition does not hold there. `last_*` describe the newest ended run of the same script there."""

    device_id: int
    hostname: str
    os_type: str | None
    connected: bool
    problem: str = ""
    detail: str = ""
    skipped: bool = False
    last_run_id: int | None = None
    last_state: RunState | None = None
    last_revision: int | None = None
    last_ended_at: Time | None = None
    skips: list[int] = field(default_factory=list)


class PreviewTask(Struct):
    """A task, and on how many of the devices it would be carried out."""

    n: int
    name: str
    type: str
    revision: int | None
    devices: int


class RolloutGate(Struct):
    """What stands between a request and its start, for the `reasons` (sentences) given: somebody has to give
    the number of `devices` (`confirm`), or a second person has to agree (`approve`), or both.

    A preview asks for the number also where all devices were listed by their ids: people at a window give it
    then, while POST takes such a list as stated by its caller. A number that is given has to be right."""

    devices: int = 0
    confirm: bool = False
    approve: bool = False
    reasons: list[str] = field(default_factory=list)


class Preview(Struct):
    """POST ROLLOUTS/preview, with the body of POST ROLLOUTS; starts nothing.

    `revision` is the one that would run; `expected_ms` is the median of its newest successes. `waves` are the
    numbers of devices. `errors` are the sentences for which POST ROLLOUTS would refuse.
    """

    devices: list[PreviewDevice]
    offline: int
    problems: int
    revision: int | None
    expected_ms: int | None
    waves: list[int]
    findings: list[Finding]
    errors: list[str]
    tasks: list[PreviewTask] = field(default_factory=list)
    gate: RolloutGate = field(default_factory=RolloutGate)


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


class Task(Struct):
    """What each run of a rollout executes as its step `n`. Secret values are not shown, files by name."""

    n: int
    type: str
    name: str
    script_id: int | None
    revision_id: int | None
    revision: int | None
    arguments: list[str]
    parameters: dict[str, PlainValue]
    secrets: list[str]
    files: dict[str, str]
    timeout_s: int
    continue_on_error: bool
    software_id: int | None = None
    profile_task_id: int | None = None
    action: TaskAction = TaskAction.RUN
    reboot: TaskReboot = TaskReboot.ANNOUNCED
    condition: TaskCondition = field(default_factory=TaskCondition)


class Rollout(Struct):
    """`wave` of `waves` (numbers of runs) is under way; with `wave_done` it has ended and the next one waits:
    resuming begins it. `waiting` says in a sentence why a rollout that has not ended does not go on by
    itself, `until` its clock. `origin_id` is the rollout that it repeats. `token_id` and `token_name` are of
    the API token that a program made it with; revoking that does not end it unless it is asked to."""

    id: int
    title: str
    state: RolloutState
    script_id: int | None
    revision_id: int | None
    revision: int | None
    type: str
    arguments: list[str]
    parameters: dict[str, PlainValue]
    policy: Policy
    counters: Counters
    created_by: str
    created_at: Time
    ended_at: Time | None
    tasks: list[Task] = field(default_factory=list)
    targets: Targets = field(default_factory=Targets)
    wave: int = 1
    waves: list[int] = field(default_factory=list)
    waiting: str = ""
    until: Time | None = None
    origin_id: int | None = None
    wave_done: bool = False
    software_id: int | None = None
    profile_id: int | None = None
    profile_revision: int | None = None
    token_id: int | None = None
    token_name: str = ""


class RolloutCreated(Rollout):
    """Answer of POST ROLLOUTS, of /rerun-failed and of RUNS/{id}/rerun: the rollout and the ids of its runs,
    in the order of the targets."""

    run_ids: list[int] = field(default_factory=list)


class RolloutRerun(Struct):
    """POST ROLLOUTS/{id}/rerun-failed; `confirmed_devices` as in RolloutCreate."""

    confirmed_devices: int | None = None


class RunRerun(Struct):
    """POST RUNS/{id}/rerun: the same work again on that device, from step `from_step` on;
    `confirmed_devices` as in RolloutCreate."""

    from_step: int = 1
    confirmed_devices: int | None = None


class Try(Struct):
    """An attempt of a step that was followed by another one; its output is told as that of a step."""

    attempt: int
    outcome: str
    detail: str
    exit_code: int | None
    started_at: Time | None
    ended_at: Time | None
    stdout_size: int
    stderr_size: int
    stdout_total: int = 0
    stderr_total: int = 0
    stdout_gap: int = 0
    stderr_gap: int = 0
    output_removed_at: Time | None = None


class Step(Struct):
    """One thing an agent executes; `n` counts from 1 in its run, `attempt` is the current try's number.

    `stdout_size`, `stderr_size` are the bytes the service has; `*_total` all that the script wrote; what is
    missing was left out after `*_gap` bytes. `tries` are the earlier attempts, whose output is kept too.
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
    stdout_gap: int = 0
    stderr_gap: int = 0
    output_removed_at: Time | None = None
    tries: list[Try] = field(default_factory=list)


class Run(Struct):
    """One revision on one device. `waiting` says in a sentence why an open run waits, `until` its clock.

    Lists carry `steps` too: a run of a script has one. `output_key` is equal where the whole output is.
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
    wave: int = 1
    output_key: str | None = None
