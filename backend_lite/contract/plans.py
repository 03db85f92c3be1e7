"""Profiles, which are ordered tasks for devices, and templates, from which profiles are made."""

from __future__ import annotations

from enum import StrEnum

from msgspec import UNSET, Struct, UnsetType, field

from agent.wire.states import RunState, StepState
from backend_lite.contract.common import Time
from backend_lite.contract.parameters import ParameterValue, PlainValue
from backend_lite.contract.runs import Policy, TaskAction, TaskCondition, TaskReboot

PROFILES = "/api/v1/profiles"
TEMPLATES = "/api/v1/templates"

MAX_NAME = 200
MAX_DESCRIPTION = 10_000


class ProfileTask(Struct):
    """What a profile does at its place `order_index` (equal ones in the order of their ids).

    `action_type` is a type of `contract.actions`; a script's task may say any type of its language. A script
    runs as its current revision (`script_revision_id` null) or as a pinned one. `action` is `run`, `undo` or
    `detect` of a script, `install` or `uninstall` of software. Secret parameters are not kept: they are asked
    for when the profile is applied. `script_name`, `software_name` and `problem` are for people: a task
    with a `problem` cannot be carried out as it stands.
    """

    id: int
    profile_id: int
    name: str
    description: str | None
    order_index: int
    action_type: str
    script_id: int | None
    continue_on_error: bool
    created_at: Time
    updated_at: Time
    script_revision_id: int | None = None
    script_revision: int | None = None
    software_id: int | None = None
    action: TaskAction = TaskAction.RUN
    arguments: list[str] = field(default_factory=list)
    parameters: dict[str, PlainValue] = field(default_factory=dict)
    timeout_s: int | None = None
    reboot: TaskReboot = TaskReboot.ANNOUNCED
    condition: TaskCondition = field(default_factory=TaskCondition)
    script_name: str = ""
    software_name: str = ""
    problem: str = ""


class ProfileTaskCreate(Struct):
    """POST PROFILES/{id}/tasks, and an item of ProfileTasksPut. `id` names the task that an item replaces."""

    name: str
    description: str | None = None
    order_index: int = 0
    action_type: str = "powershell_inline"
    script_id: int | None = None
    continue_on_error: bool = True
    script_revision_id: int | None = None
    software_id: int | None = None
    action: TaskAction | None = None
    arguments: list[str] = field(default_factory=list)
    parameters: dict[str, ParameterValue] = field(default_factory=dict)
    timeout_s: int | None = None
    reboot: TaskReboot = TaskReboot.ANNOUNCED
    condition: TaskCondition = field(default_factory=TaskCondition)
    id: int | None = None


class ProfileTaskUpdate(Struct):
    """PUT PROFILES/{id}/tasks/{task_id}: any subset."""

    name: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    order_index: int | UnsetType = UNSET
    action_type: str | UnsetType = UNSET
    script_id: int | UnsetType | None = UNSET
    continue_on_error: bool | UnsetType = UNSET
    script_revision_id: int | UnsetType | None = UNSET
    software_id: int | UnsetType | None = UNSET
    action: TaskAction | UnsetType = UNSET
    arguments: list[str] | UnsetType = UNSET
    parameters: dict[str, ParameterValue] | UnsetType = UNSET
    timeout_s: int | UnsetType | None = UNSET
    reboot: TaskReboot | UnsetType = UNSET
    condition: TaskCondition | UnsetType = UNSET


class ProfileTasksPut(Struct):
    """PUT PROFILES/{id}/tasks/bulk: all tasks, in this order (`order_index` 10, 20, ...); those that are not
    named are removed. One revision, all or nothing."""

    tasks: list[ProfileTaskCreate]
    message: str = ""


class Profile(Struct):
    """`revision` counts from 1 and grows with every change of its tasks."""

    id: int
    name: str
    description: str | None
    target_os_type: str | None
    is_template: bool
    created_at: Time
    updated_at: Time
    revision: int
    task_count: int
    os_image_id: int | None
    version: int


class ProfileWithTasks(Profile):
    """`tasks` in their order."""

    tasks: list[ProfileTask] = field(default_factory=list)


class ProfileCreate(Struct):
    """With `tasks` they are made in the same transaction."""

    name: str
    description: str | None = None
    target_os_type: str | None = None
    is_template: bool = False
    os_image_id: int | None = None
    tasks: list[ProfileTaskCreate] = field(default_factory=list)


class ProfileUpdate(Struct):
    """PUT: any subset. With `tasks`, labels and tasks change together, as one revision with `message`."""

    name: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    target_os_type: str | UnsetType | None = UNSET
    os_image_id: int | UnsetType | None = UNSET
    tasks: list[ProfileTaskCreate] | UnsetType = UNSET
    message: str = ""


class ProfileRevision(Struct):
    """GET PROFILES/{id}/revisions: newest first; `tasks` as they were."""

    id: int
    profile_id: int
    number: int
    tasks: list[ProfileTask]
    author: str
    message: str
    created_at: Time


class ProfileCopy(Struct):
    """POST TEMPLATES/{id}/instantiate, PROFILES/{id}/save-as-template and PROFILES/{id}/duplicate.

    Without a name: that of the original with "(copy)" and, where this is taken, a number. `parameters`
    replace values by the id of the original's task and the parameter's name.
    """

    name: str | None = None
    description: str | None = None
    parameters: dict[int, dict[str, ParameterValue]] = field(default_factory=dict)


class ProfileApply(Struct):
    """POST PROFILES/{id}/apply. The documented body has `device_ids` alone. `parameters` by task id are
    values for this time, the secret ones among them; `confirmed_devices` as in RolloutCreate, and counts the
    devices that can take it."""

    device_ids: list[int] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)
    query: str = ""
    parameters: dict[int, dict[str, ParameterValue]] = field(default_factory=dict)
    policy: Policy = field(default_factory=Policy)
    confirmed_devices: int | None = None


class ApplyProblem(StrEnum):
    UNKNOWN_DEVICE = "unknown_device"
    OS_MISMATCH = "os_mismatch"
    QUARANTINED = "quarantined"
    RETIRED = "retired"
    CANNOT_RUN = "cannot_run"


class AppliedTo(Struct):
    """What became of a device: its run, or the problem with its sentence."""

    device_id: int
    hostname: str
    run_id: int | None
    created_actions: int
    problem: ApplyProblem | None = None
    detail: str = ""


class ProfileApplied(Struct):
    """202: what was made, and a line for every device, so that none is left out in silence."""

    created_actions: int
    rollout_id: int | None
    devices: list[AppliedTo]


class TaskResult(Struct):
    """The last result of a task on a device."""

    task_id: int | None
    n: int
    name: str
    state: StepState
    reason: str
    exit_code: int | None


class Compliance(StrEnum):
    """CURRENT: its newest run of the current revision succeeded. OUTDATED: of an older one. FAILED and
    RUNNING: so says the newest run. ASSIGNED: the device has the profile, and it was never applied there."""

    CURRENT = "current"
    OUTDATED = "outdated"
    RUNNING = "running"
    FAILED = "failed"
    ASSIGNED = "assigned"


class ProfileDevice(Struct):
    """A line of GET PROFILES/{id}/devices: a device that has or had the profile. `run_id` is null where
    the run is not kept any more."""

    device_id: int
    hostname: str
    compliance: Compliance
    revision: int | None
    run_id: int | None
    rollout_id: int | None
    state: RunState | None
    applied_at: Time | None
    ended_at: Time | None
    tasks: list[TaskResult] = field(default_factory=list)
