"""What a page asks for when it wants something run: the run dialog shows it and lets a person change it."""

from __future__ import annotations

from dataclasses import dataclass, field

from backend_lite.contract.parameters import ParameterValue
from backend_lite.contract.runs import Policy, Rollout, Task, TaskCreate

RUN_DIALOG = "run"


@dataclass(frozen=True)
class RunRequest:
    """Everything is a proposal. `revision_id` pins an older revision of the script.

    `tasks` are several scripts in their order; with them the fields of the single script do not count.
    `policy` is how it was carried out before; `again` is the title of what is done again.
    With `on_one_device` it is a test: a person chooses one device, and no more than one.
    """

    script_id: int | None = None
    revision_id: int | None = None
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

    @staticmethod
    def of_rollout(rollout: Rollout, device_ids: tuple[int, ...] | None = None) -> RunRequest:
        """The same again with the same choices; on `device_ids` only, where they are named.

        Scripts run in their current revision. Secrets and files are not known any more: they have to be
        given again.
        """
        tasks = rollout.tasks
        one = tasks[0] if len(tasks) == 1 else None
        everywhere = device_ids is None
        return RunRequest(
            script_id=one.script_id if one else rollout.script_id,
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
        arguments=list(task.arguments),
        parameters={**task.parameters},
        timeout_s=task.timeout_s if policy.timeout_s is None else None,
        continue_on_error=task.continue_on_error,
    )
