"""Rows of profiles to what the contract shows."""

from __future__ import annotations

from typing import Any

import msgspec

from backend_lite.contract.common import format_time
from backend_lite.contract.plans import Profile, ProfileTask, ProfileTaskCreate, ProfileWithTasks
from backend_lite.contract.runs import TaskAction, TaskCondition, TaskReboot
from backend_lite.errors import ServiceError
from backend_lite.features.plans.catalogue import Catalogue
from backend_lite.features.plans.tables import ProfileRow, ProfileTaskRow
from backend_lite.features.plans.task_rules import checked_task

_NO_SCRIPT = "The task has no script yet: choose one."


def profile_of(row: ProfileRow) -> Profile:
    return Profile(
        id=row.id,
        name=row.name,
        description=row.description,
        target_os_type=row.target_os_type,
        is_template=row.is_template,
        created_at=format_time(row.created_at),
        updated_at=format_time(row.updated_at),
        revision=row.revision,
        task_count=row.task_count,
        os_image_id=row.os_image_id,
        version=row.version,
    )


def with_tasks(row: ProfileRow, tasks: list[ProfileTask]) -> ProfileWithTasks:
    return ProfileWithTasks(**msgspec.structs.asdict(profile_of(row)), tasks=tasks)


def task_of(row: ProfileTaskRow, profile: ProfileRow, catalogue: Catalogue) -> ProfileTask:
    """With what is wrong with it now, which may be something else than when it was written."""
    task = ProfileTask(
        id=row.id,
        profile_id=row.profile_id,
        name=row.name,
        description=row.description,
        order_index=row.order_index,
        action_type=row.action_type,
        script_id=row.script_id,
        continue_on_error=row.continue_on_error,
        created_at=format_time(row.created_at),
        updated_at=format_time(row.updated_at),
        script_revision_id=row.script_revision_id,
        software_id=row.software_id,
        action=TaskAction(row.action),
        arguments=row.arguments,
        parameters=row.parameters,
        timeout_s=row.timeout_s,
        reboot=TaskReboot(row.reboot),
        condition=msgspec.convert(row.condition, TaskCondition),
    )
    try:
        _name(task, catalogue)
        checked_task(catalogue, wanted_of(row), profile.target_os_type)
    except ServiceError as error:
        task.problem = error.detail
    return task


def wanted_of(row: ProfileTaskRow, **changed: Any) -> ProfileTaskCreate:
    """The task as somebody would write it anew, with some fields `changed`."""
    now: dict[str, Any] = {
        name: getattr(row, name) for name in ProfileTaskCreate.__struct_fields__ if name != "id"
    }
    now["action"], now["reboot"] = TaskAction(row.action), TaskReboot(row.reboot)
    now["condition"] = msgspec.convert(row.condition, TaskCondition)
    return ProfileTaskCreate(**now | changed)


def _name(task: ProfileTask, catalogue: Catalogue) -> None:
    """Say what the task's ids stand for. Raises ServiceError."""
    if task.software_id is not None:
        task.software_name = catalogue.software(task.software_id).name
    elif task.script_id is not None:
        script = catalogue.script(task.script_id, task.script_revision_id)
        task.script_name = script.name
        task.script_revision = script.revision if task.script_revision_id is not None else None
    else:
        task.problem = _NO_SCRIPT
