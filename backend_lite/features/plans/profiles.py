"""Profiles and templates: kept under unique names; each change of their tasks is a revision."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from msgspec import UNSET
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from backend_lite.contract.live import DEVICE, PROFILE, TEMPLATE
from backend_lite.contract.plans import (
    MAX_DESCRIPTION,
    ProfileCreate,
    ProfileTask,
    ProfileTaskCreate,
    ProfileTaskUpdate,
    ProfileUpdate,
    ProfileWithTasks,
)
from backend_lite.core.audit.record import Audit, Entity
from backend_lite.core.clock import Clock
from backend_lite.core.db.references import References
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import Changed
from backend_lite.core.names import checked_name, name_key
from backend_lite.core.security.principal import Principal
from backend_lite.core.versions import mark_edited, refuse_stale
from backend_lite.errors import ForbiddenError, InvalidError
from backend_lite.features.library.api import LibraryApi
from backend_lite.features.plans.auditing import told
from backend_lite.features.plans.reading import Reading, profile_row
from backend_lite.features.plans.tables import ProfileRevisionRow, ProfileRow, ProfileTaskRow
from backend_lite.features.plans.task_edits import TaskEdits, task_row
from backend_lite.features.plans.task_rules import checked_os_type, checked_text
from backend_lite.features.plans.views import profile_of

MAX_MESSAGE = 1000

DeleteHook = Callable[[Unit, int], None]
"""Clears away what a higher area keeps for a profile that is deleted in that unit."""


class Profiles:
    """Its methods run inside units of work. Each raises NotFoundError, InvalidError, ForbiddenError where
    the caller may not touch templates, and with a `version` ConflictError when it is not the newest."""

    def __init__(self, clock: Clock, library: LibraryApi, reading: Reading, references: References) -> None:
        self._clock = clock
        self._library = library
        self._reading = reading
        self._references = references
        self._edits = TaskEdits(clock, library)
        self._audit = Audit(clock)
        self.on_delete: list[DeleteHook] = []

    def create(self, unit: Unit, wanted: ProfileCreate, principal: Principal) -> ProfileWithTasks:
        row = self.insert(unit.session, self._labels(unit.session, wanted), wanted.is_template, principal)
        self._edits.replace(unit.session, row, wanted.tasks)
        return self.first_revision(unit, row, principal)

    def insert(
        self, session: Session, labels: dict[str, Any], is_template: bool, principal: Principal
    ) -> ProfileRow:
        """A new one without tasks and without a revision."""
        _refuse_taken(session, labels["name"], None)
        now = self._clock.now_ms()
        row = ProfileRow(
            **{"description": None, "target_os_type": None, "os_image_id": None} | labels,
            name_key=name_key(labels["name"]),
            is_template=is_template,
            revision=0,
            task_count=0,
            search="",
            created_at=now,
            updated_at=now,
            version=1,
            edited_at_version={},
        )
        _allow(principal, row, "create")
        _index(row)
        session.add(row)
        session.flush()
        return row

    def first_revision(
        self, unit: Unit, row: ProfileRow, principal: Principal, message: str = ""
    ) -> ProfileWithTasks:
        self._revise(unit.session, row, principal, message)
        made = self._published(unit, row)
        details = {"message": message} if message else None
        self._audit.tell(unit, _action(row, "create"), _entity(row), after=told(made), details=details)
        return made

    def copy_tasks(
        self, session: Session, origin: ProfileRow, copy: ProfileRow, values: dict[int, Any]
    ) -> None:
        """`values` replace parameters, by the id of the original's task."""
        self._edits.copy(session, origin, copy, values)

    def update(
        self, unit: Unit, profile_id: int, wanted: ProfileUpdate, principal: Principal, version: int | None
    ) -> ProfileWithTasks:
        session, row = unit.session, self._for_edit(unit, profile_id, principal, version)
        before = self._reading.view(session, row)
        labels = self._labels(session, wanted)
        message = checked_text(wanted.message, MAX_MESSAGE, "message") or ""
        if "name" in labels:
            _refuse_taken(session, labels["name"], row.id)
        changed = [name for name, value in labels.items() if getattr(row, name) != value]
        for name in changed:
            setattr(row, name, labels[name])
        _index(row)
        if wanted.tasks is not UNSET:
            if self._edits.replace(session, row, wanted.tasks):
                changed.append("tasks")
        elif "target_os_type" in changed:
            self._edits.check_all(session, row)
        return self._saved(unit, row, before, changed, principal, message)

    def add_task(
        self,
        unit: Unit,
        profile_id: int,
        wanted: ProfileTaskCreate,
        principal: Principal,
        version: int | None,
    ) -> tuple[ProfileTask, int]:
        """The new task, and the version of its profile."""
        row = self._for_edit(unit, profile_id, principal, version)
        before = self._reading.view(unit.session, row)
        added = self._edits.add(unit.session, row, wanted)
        saved = self._saved(unit, row, before, ["tasks"], principal, f'Task "{added.name}" added')
        return _of(saved, added.id)

    def change_task(
        self,
        unit: Unit,
        profile_id: int,
        task_id: int,
        wanted: ProfileTaskUpdate,
        principal: Principal,
        version: int | None,
    ) -> tuple[ProfileTask, int]:
        """The task as it is now, and the version of its profile."""
        row = self._for_edit(unit, profile_id, principal, version)
        before = self._reading.view(unit.session, row)
        task = task_row(unit.session, row, task_id)
        changed = ["tasks"] if self._edits.change(unit.session, row, task, wanted) else []
        saved = self._saved(unit, row, before, changed, principal, f'Task "{task.name}" changed')
        return _of(saved, task_id)

    def remove_task(
        self, unit: Unit, profile_id: int, task_id: int, principal: Principal, version: int | None
    ) -> None:
        row = self._for_edit(unit, profile_id, principal, version)
        before = self._reading.view(unit.session, row)
        task = task_row(unit.session, row, task_id)
        self._edits.remove(unit.session, row, task)
        self._saved(unit, row, before, ["tasks"], principal, f'Task "{task.name}" removed')

    def delete(self, unit: Unit, profile_id: int, principal: Principal, version: int | None) -> None:
        """Its tasks and revisions go with it. Raises ConflictError (`in_use`) while devices have it."""
        session, row = unit.session, profile_row(unit.session, profile_id)
        _allow(principal, row, "delete")
        refuse_stale(version, row.version, row.edited_at_version, f'"{row.name}"')
        hidden = () if principal.may("devices:view") else (DEVICE,)
        self._references.refuse_used(session, PROFILE, row.id, row.name, hidden)
        before = told(self._reading.view(session, row))
        self._audit.tell(unit, _action(row, "delete"), _entity(row), before=before)
        for hook in self.on_delete:
            hook(unit, row.id)
        for table in (ProfileTaskRow, ProfileRevisionRow):
            session.execute(delete(table).where(table.profile_id == row.id))
        session.delete(row)
        unit.publish(Changed(_kind(row), row.id, None))

    def _for_edit(self, unit: Unit, profile_id: int, principal: Principal, version: int | None) -> ProfileRow:
        row = profile_row(unit.session, profile_id)
        _allow(principal, row, "edit")
        refuse_stale(version, row.version, row.edited_at_version, f'"{row.name}"')
        return row

    def _labels(self, session: Session, wanted: ProfileCreate | ProfileUpdate) -> dict[str, Any]:
        """The checked labels that `wanted` names."""
        labels: dict[str, Any] = {}
        if wanted.name is not UNSET:
            labels["name"] = checked_name(wanted.name, what="A profile")
        if wanted.description is not UNSET:
            labels["description"] = checked_text(wanted.description, MAX_DESCRIPTION, "description")
        if wanted.target_os_type is not UNSET:
            labels["target_os_type"] = checked_os_type(wanted.target_os_type)
        if wanted.os_image_id is not UNSET:
            if wanted.os_image_id is not None:
                self._library.os_image_name(session, wanted.os_image_id)
            labels["os_image_id"] = wanted.os_image_id
        return labels

    def _saved(
        self,
        unit: Unit,
        row: ProfileRow,
        before: ProfileWithTasks,
        changed: Iterable[str],
        principal: Principal,
        message: str,
    ) -> ProfileWithTasks:
        """One version for all that has changed, and a revision where the tasks have."""
        if not changed:
            return self._reading.view(unit.session, row)
        mark_edited(row, changed, self._clock.now_ms())
        if "tasks" in changed:
            self._revise(unit.session, row, principal, message)
        saved = self._published(unit, row)
        self._audit.tell(unit, _action(row, "update"), _entity(row), before=told(before), after=told(saved))
        return saved

    def _revise(self, session: Session, row: ProfileRow, principal: Principal, message: str) -> None:
        row.revision += 1
        session.flush()
        session.add(
            ProfileRevisionRow(
                profile_id=row.id,
                number=row.revision,
                tasks=msgspec.to_builtins(self._reading.tasks(session, row)),
                author_id=principal.user_id,
                message=message,
                created_at=self._clock.now_ms(),
            )
        )

    def _published(self, unit: Unit, row: ProfileRow) -> ProfileWithTasks:
        unit.session.flush()
        unit.publish(Changed(_kind(row), row.id, profile_of(row)))
        return self._reading.view(unit.session, row)


def _allow(principal: Principal, row: ProfileRow, verb: str) -> None:
    """Templates need a right of their own besides that of profiles."""
    if row.is_template and not principal.may(f"templates:{verb}"):
        raise ForbiddenError(f"You do not have the right templates:{verb}.")


def _action(row: ProfileRow, verb: str) -> str:
    return f"{'templates' if row.is_template else 'profiles'}.{verb}"


def _entity(row: ProfileRow) -> Entity:
    return Entity(_kind(row), row.id, row.name)


def _kind(row: ProfileRow) -> str:
    return TEMPLATE if row.is_template else PROFILE


def _index(row: ProfileRow) -> None:
    row.name_key = name_key(row.name)
    row.search = f"{row.name}\n{row.description or ''}".casefold()


def _refuse_taken(session: Session, name: str, own_id: int | None) -> None:
    taken = session.scalar(select(ProfileRow.id).where(ProfileRow.name_key == name_key(name)))
    if taken not in (None, own_id):
        raise InvalidError("Profile with this name already exists", code="name_taken")


def _of(saved: ProfileWithTasks, task_id: int) -> tuple[ProfileTask, int]:
    return next(task for task in saved.tasks if task.id == task_id), saved.version
