"""What other areas may ask of plans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from sqlalchemy.orm import Session

from backend_lite.contract.parameters import ParameterValue
from backend_lite.contract.plans import Profile
from backend_lite.contract.runs import TaskAction, TaskCondition, TaskCreate, TaskReboot
from backend_lite.errors import InvalidError
from backend_lite.features.plans.profiles import DeleteHook, Profiles
from backend_lite.features.plans.reading import profile_row, task_rows
from backend_lite.features.plans.tables import ProfileRow, ProfileTaskRow
from backend_lite.features.plans.views import profile_of

__all__ = ["DeleteHook", "PlansApi", "ProfileForRun"]

Values = Mapping[int, Mapping[str, ParameterValue]]
"""By the id of a task: values that replace those it keeps, the secret ones among them."""


@dataclass(frozen=True, slots=True)
class ProfileForRun:
    """The current revision of a profile as something to run."""

    id: int
    name: str
    revision: int
    target_os_type: str | None
    tasks: list[TaskCreate]


class PlansApi:
    """Works inside the caller's session. Register hooks before the service starts."""

    def __init__(self, profiles: Profiles) -> None:
        self._profiles = profiles

    def on_delete(self, hook: DeleteHook) -> None:
        """`hook(unit, profile_id)` clears away what is kept for a profile that is deleted in that unit."""
        self._profiles.on_delete.append(hook)

    def profile(self, session: Session, profile_id: int) -> Profile:
        """Raises NotFoundError."""
        return profile_of(profile_row(session, profile_id))

    def exists(self, session: Session, profile_id: int) -> bool:
        """The profile was not deleted."""
        return session.get(ProfileRow, profile_id) is not None

    def for_run(self, session: Session, profile_id: int, values: Values) -> ProfileForRun:
        """Raises NotFoundError, and InvalidError for a template and for what cannot be carried out."""
        row = profile_row(session, profile_id)
        tasks = task_rows(session, profile_id)
        if not tasks:
            raise InvalidError("Profile has no tasks", code="no_tasks")
        if row.is_template:
            raise InvalidError(f'"{row.name}" is a template: make a profile of it first.', code="is_template")
        if unknown := values.keys() - {task.id for task in tasks}:
            raise InvalidError(f'"{row.name}" has no task {min(unknown)}.')
        wanted = [_task(n, task, values.get(task.id, {})) for n, task in enumerate(tasks, 1)]
        return ProfileForRun(row.id, row.name, row.revision, row.target_os_type, wanted)


def _task(n: int, row: ProfileTaskRow, values: Mapping[str, ParameterValue]) -> TaskCreate:
    if row.script_id is None and row.software_id is None:
        raise InvalidError(f'Task {n} ("{row.name}") has no script: choose one, or remove the task.')
    pinned = row.script_revision_id is not None
    return TaskCreate(
        script_id=None if pinned else row.script_id,
        revision_id=row.script_revision_id,
        software_id=row.software_id,
        action=TaskAction(row.action),
        name=row.name,
        reboot=TaskReboot(row.reboot),
        condition=msgspec.convert(row.condition, TaskCondition),
        profile_task_id=row.id,
        arguments=row.arguments,
        parameters={**row.parameters, **values},
        timeout_s=row.timeout_s,
        continue_on_error=row.continue_on_error,
    )
