"""Writing the tasks of a profile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from msgspec import UNSET
from sqlalchemy.orm import Session

from backend_lite.contract.plans import ProfileTaskCreate, ProfileTaskUpdate
from backend_lite.contract.runs import MAX_TASKS
from backend_lite.core.clock import Clock
from backend_lite.core.db.base import storable, stored
from backend_lite.errors import InvalidError, NotFoundError, ServiceError
from backend_lite.features.library.api import LibraryApi
from backend_lite.features.plans.catalogue import Catalogue
from backend_lite.features.plans.reading import task_rows
from backend_lite.features.plans.tables import ProfileRow, ProfileTaskRow
from backend_lite.features.plans.task_rules import Columns, checked_task
from backend_lite.features.plans.views import wanted_of

STEP = 10
"""Between the places of two tasks: room for one that is put between them by hand."""


class TaskEdits:
    """Its methods run inside the caller's unit; each raises InvalidError and NotFoundError, and says whether
    anything changed. Revisions and versions are the caller's."""

    def __init__(self, clock: Clock, library: LibraryApi) -> None:
        self._clock = clock
        self._library = library

    def replace(self, session: Session, profile: ProfileRow, wanted: Sequence[ProfileTaskCreate]) -> bool:
        """All tasks, in this order; an `id` names the one that is kept."""
        _refuse_too_many(len(wanted))
        known = {row.id: row for row in task_rows(session, profile.id)}
        _refuse_wrong_ids(session, wanted, set(known))
        catalogue = Catalogue(session, self._library)
        changed = False
        for n, one in enumerate(wanted, 1):
            columns = _checked_nth(catalogue, one, n, profile) | {"order_index": n * STEP}
            row = known.pop(one.id, None) if one.id is not None else None
            changed |= self._write(session, profile, row, columns)
        for row in known.values():
            session.delete(row)
        self._count(session, profile)
        return changed or bool(known)

    def add(self, session: Session, profile: ProfileRow, wanted: ProfileTaskCreate) -> ProfileTaskRow:
        _refuse_too_many(profile.task_count + 1)
        columns = checked_task(Catalogue(session, self._library), wanted, profile.target_os_type)
        row = self._new(profile, columns)
        session.add(row)
        self._count(session, profile)
        return row

    def change(
        self, session: Session, profile: ProfileRow, row: ProfileTaskRow, wanted: ProfileTaskUpdate
    ) -> bool:
        named = {
            name: value
            for name in ProfileTaskUpdate.__struct_fields__
            if (value := getattr(wanted, name)) is not UNSET
        }
        merged = wanted_of(row, **_consequences(row, named))
        columns = checked_task(Catalogue(session, self._library), merged, profile.target_os_type)
        return self._write(session, profile, row, columns)

    def remove(self, session: Session, profile: ProfileRow, row: ProfileTaskRow) -> None:
        session.delete(row)
        self._count(session, profile)

    def check_all(self, session: Session, profile: ProfileRow) -> None:
        """Whether the tasks still fit the profile."""
        catalogue = Catalogue(session, self._library)
        for n, row in enumerate(task_rows(session, profile.id), 1):
            _checked_nth(catalogue, wanted_of(row), n, profile)

    def copy(self, session: Session, origin: ProfileRow, copy: ProfileRow, values: dict[int, Any]) -> None:
        """The tasks of `origin` in `copy`; `values` replace parameters, by the id of the original's task."""
        rows = task_rows(session, origin.id)
        if unknown := values.keys() - {row.id for row in rows}:
            raise InvalidError(f'"{origin.name}" has no task {min(unknown)}.')
        wanted = [wanted_of(row, parameters=row.parameters | values.get(row.id, {})) for row in rows]
        self.replace(session, copy, wanted)

    def _write(
        self, session: Session, profile: ProfileRow, row: ProfileTaskRow | None, columns: Columns
    ) -> bool:
        if row is None:
            session.add(self._new(profile, columns))
            return True
        different = {name: value for name, value in columns.items() if getattr(row, name) != value}
        for name, value in different.items():
            setattr(row, name, value)
        if different:
            row.updated_at = self._clock.now_ms()
        return bool(different)

    def _new(self, profile: ProfileRow, columns: Columns) -> ProfileTaskRow:
        now = self._clock.now_ms()
        return ProfileTaskRow(**columns, profile_id=profile.id, created_at=now, updated_at=now)

    def _count(self, session: Session, profile: ProfileRow) -> None:
        session.flush()
        profile.task_count = len(task_rows(session, profile.id))


def task_row(session: Session, profile: ProfileRow, task_id: int) -> ProfileTaskRow:
    """Raises NotFoundError, also for a task of another profile."""
    row = stored(session, ProfileTaskRow, task_id)
    if row is None or row.profile_id != profile.id:
        raise NotFoundError("Task not found")
    return row


def _checked_nth(catalogue: Catalogue, wanted: ProfileTaskCreate, n: int, profile: ProfileRow) -> Columns:
    """With the task named in what is refused."""
    try:
        return checked_task(catalogue, wanted, profile.target_os_type)
    except ServiceError as error:
        raise type(error)(
            f'Task {n} ("{wanted.name[:60]}"): {error.detail}', code=error.code, status=error.status
        ) from error


def _consequences(row: ProfileTaskRow, named: dict[str, Any]) -> dict[str, Any]:
    """What follows from the fields that are named for those that are not."""
    follows: dict[str, Any] = {}
    if named.get("script_id", row.script_id) != row.script_id:
        follows["script_revision_id"] = None
    if (named.get("software_id", row.software_id) is None) != (row.software_id is None):
        follows["action"] = None
    return follows | named


def _refuse_too_many(count: int) -> None:
    if count > MAX_TASKS:
        raise InvalidError(f"A profile has at most {MAX_TASKS} tasks; this would be {count}.")


def _refuse_wrong_ids(session: Session, wanted: Sequence[ProfileTaskCreate], own: set[int]) -> None:
    """An id that is in no profile any more is that of a task that was removed: it is made anew."""
    ids = Counter(one.id for one in wanted if one.id is not None)
    twice = next((task_id for task_id, times in ids.items() if times > 1), None)
    if twice is not None:
        raise InvalidError(f"Task {twice} is there twice: leave the id of one of them out.")
    for task_id in ids.keys() - own:
        if not storable(task_id) or session.get(ProfileTaskRow, task_id) is not None:
            raise InvalidError(f"Task {task_id} is no task of this profile: leave its id out.")
