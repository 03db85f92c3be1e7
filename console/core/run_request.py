"""What a page asks for when it wants something done: the run dialog shows it and lets a person change it."""

from __future__ import annotations

from dataclasses import dataclass, field

from backend_lite.contract.parameters import ParameterValue
from backend_lite.contract.runs import Policy, Rollout, Task, TaskAction, TaskCreate

RUN_DIALOG = "run"


@dataclass(frozen=True)
class RunRequest:
    """Everything is a proposal: a script, a software item, a profile, or several `tasks` in their order; with
    tasks or a profile the fields of the single script do not count.

    `revision_id` pins an older revision of the script; `action` is what is done with it, else run or install.
    `task_parameters` are values for a profile, by the ids of its tasks.
    `policy` is how it was carried out before; `again` is the title of what is done again.
    With `on_one_device` it is a test: a person chooses one device, and no more than one. With `only_look`
    nothing can be started: it is about what would happen.
    """

    script_id: int | None = None
    revision_id: int | None = None
    software_id: int | None = None
    profile_id: int | None = None
    action: TaskAction | None = None
    device_ids: tuple[int, ...] = ()
    arguments: tuple[str, ...] = ()
    parameters: dict[str, ParameterValue] = field(default_factory=dict)
    timeout_s: int | None = None
    group_ids: tuple[int, ...] = ()
    query: str = ""
    tasks: tuple[TaskCreate, ...] = ()
    policy: Policy | None = None
    again: str = ""
    on_one_device: bool = False
    only_look: bool = False
    task_parameters: dict[int, dict[str, ParameterValue]] = field(default_factory=dict)

    @staticmethod
    def of_rollout(rollout: Rollout, device_ids: tuple[int, ...] | None = None) -> RunRequest:
        """The same again with the same choices; on `device_ids` only, where they are named.

        Scripts and profiles run in their current revision. Secrets and files are not known any more: they
        have to be given again.
        """
        tasks = rollout.tasks
        one = tasks[0] if len(tasks) == 1 else None
        everywhere = device_ids is None
        return RunRequest(
            script_id=one.script_id if one else rollout.script_id,
            software_id=one.software_id if one else rollout.software_id,
            profile_id=rollout.profile_id,
            action=one.action if one else None,
            device_ids=tuple(rollout.targets.devices) if device_ids is None else device_ids,
            arguments=tuple(one.arguments if one else rollout.arguments),
            parameters={**(one.parameters if one else rollout.parameters)},
            timeout_s=rollout.policy.timeout_s,
            group_ids=tuple(rollout.targets.groups) if everywhere else (),
            query=rollout.targets.query if everywhere else "",
            tasks=tuple(_task(task, rollout.policy) for task in tasks) if len(tasks) > 1 else (),
            policy=rollout.policy,
            again=rollout.title,
        )


def _task(task: Task, policy: Policy) -> TaskCreate:
    return TaskCreate(
        script_id=task.script_id,
        software_id=task.software_id,
        action=task.action,
        name=task.name,
        reboot=task.reboot,
        condition=task.condition,
        arguments=list(task.arguments),
        parameters={**task.parameters},
        timeout_s=task.timeout_s if policy.timeout_s is None else None,
        continue_on_error=task.continue_on_error,
    )
