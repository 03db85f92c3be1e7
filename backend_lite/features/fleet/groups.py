"""Groups of devices: with named members, or with those that a query finds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

import msgspec
from msgspec import UNSET
from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from backend_lite.contract.common import format_time
from backend_lite.contract.fleet import Group, GroupCreate, GroupUpdate, MembersChange
from backend_lite.contract.live import GROUP, ROLE
from backend_lite.core.audit.record import Audit, Entity
from backend_lite.core.clock import Clock
from backend_lite.core.db.base import stored
from backend_lite.core.db.query_sql import Condition
from backend_lite.core.db.references import References
from backend_lite.core.db.unit import Unit
from backend_lite.core.db.within import MembersChanged
from backend_lite.core.events.bus import Changed
from backend_lite.core.names import name_key
from backend_lite.core.security.principal import Principal
from backend_lite.core.versions import mark_edited, refuse_stale
from backend_lite.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from backend_lite.features.fleet.group_members import add_members, groups_naming, remove_members
from backend_lite.features.fleet.group_rules import (
    checked_description,
    checked_name,
    checked_query,
)
from backend_lite.features.fleet.querying import DeviceQueries
from backend_lite.features.fleet.tables import DeviceRow, GroupMemberRow, GroupRow

GroupUsers = Callable[[Unit, int], list[str]]
"""What still needs a group, as words for a person. It may clear away what needs it no longer."""

EDIT_RIGHTS = "roles:edit"
_SHOWN = 5


class Groups:
    """Its methods run inside the caller's session or unit. Higher areas add to `users`."""

    def __init__(self, clock: Clock, queries: DeviceQueries, references: References) -> None:
        self._clock = clock
        self._queries = queries
        self._references = references
        self._audit = Audit(clock)
        self.users: list[GroupUsers] = []

    def all(self, session: Session, only: Collection[int] | None = None) -> list[Group]:
        """By name; all, or `only` these."""
        rows = session.scalars(select(GroupRow).order_by(GroupRow.name_key))
        return [self._view(session, row) for row in rows if only is None or row.id in only]

    def get(self, session: Session, group_id: int) -> Group:
        """Raises NotFoundError."""
        return self._view(session, _group(session, group_id))

    def members(self, session: Session, group_id: int) -> list[int]:
        """The ids of its devices now, in their order. Raises NotFoundError."""
        query = self._device_ids(_group(session, group_id)).order_by(DeviceRow.id)
        return [device_id for (device_id,) in session.connection().execute(query)]

    def devices_of(self, session: Session, group_id: int) -> Condition:
        """True for the rows of its devices now. Raises NotFoundError."""
        return self._condition(_group(session, group_id))

    def of_device(self, session: Session, device_id: int) -> list[int]:
        """The ids of the groups that the device is in now."""
        found = set(groups_naming(session, device_id))
        for row in session.scalars(select(GroupRow).where(GroupRow.query.is_not(None))):
            query = self._device_ids(row, only=device_id).where(DeviceRow.id == device_id)
            if session.scalar(query) is not None:
                found.add(row.id)
        return sorted(found)

    def with_device(
        self, session: Session, device_id: int, only: Collection[int] | None = None
    ) -> list[Group]:
        """The groups that the device is in now, or those of them among `only` some, by name. Raises
        NotFoundError."""
        device = stored(session, DeviceRow, device_id)
        if device is None or device.retired_at is not None:
            raise NotFoundError("Device not found")
        found = self.of_device(session, device_id)
        rows = (_group(session, group_id) for group_id in found if only is None or group_id in only)
        return [self._view(session, row) for row in sorted(rows, key=lambda row: row.name_key)]

    def _device_ids(self, row: GroupRow, only: int | None = None) -> Select[int]:
        return select(DeviceRow.id).where(DeviceRow.retired_at.is_(None), self._condition(row, only))

    def _condition(self, row: GroupRow, only: int | None = None) -> Condition:
        """`only`: the one device that will be asked about."""
        if row.query is not None:
            return self._queries.condition(row.query, only)
        named = select(GroupMemberRow.device_id).where(GroupMemberRow.group_id == row.id)
        return DeviceRow.id.in_(named)

    def create(self, unit: Unit, wanted: GroupCreate) -> Group:
        """Raises InvalidError, also for a name that is taken, and NotFoundError for an unknown device."""
        name = checked_name(wanted.name)
        _refuse_taken(unit.session, name, None)
        if wanted.query is not None and wanted.devices:
            raise InvalidError("A group has either a query or named members: leave one of them out.")
        now = self._clock.now_ms()
        row = GroupRow(
            name=name,
            name_key=name_key(name),
            description=checked_description(wanted.description),
            query=None if wanted.query is None else checked_query(wanted.query),
            created_at=now,
            updated_at=now,
            version=1,
            edited_at_version={},
        )
        unit.session.add(row)
        unit.session.flush()
        add_members(unit.session, row.id, wanted.devices)
        group = self._published(unit, row)
        details = {"devices": wanted.devices}
        self._audit.tell(unit, "groups.create", _entity(row), after=group, details=details)
        return group

    def update(self, unit: Unit, group_id: int, wanted: GroupUpdate, version: int | None) -> Group:
        """Raises NotFoundError, InvalidError, and ConflictError when the group was changed meanwhile."""
        row = _group(unit.session, group_id)
        refuse_stale(version, row.version, row.edited_at_version, f'"{row.name}"')
        fields = _checked_fields(row, wanted)
        if "name" in fields:
            _refuse_taken(unit.session, fields["name"], group_id)
        changed = {name: value for name, value in fields.items() if getattr(row, name) != value}
        if not changed:
            return self._view(unit.session, row)
        before = {name: getattr(row, name) for name in changed}
        for name, value in changed.items():
            setattr(row, name, value)
        row.name_key = name_key(row.name)
        self._touch(row, changed)
        group = self._published(unit, row)
        self._audit.tell(unit, "groups.update", _entity(row), before=before, after=changed)
        return group

    def change_members(
        self, unit: Unit, group_id: int, wanted: MembersChange, version: int | None, editor: Principal
    ) -> Group:
        """Name devices as members or no longer; naming one again changes nothing. Raises NotFoundError,
        InvalidError for a group that has a query, ForbiddenError, ConflictError."""
        row = _group(unit.session, group_id)
        refuse_stale(version, row.version, row.edited_at_version, f'"{row.name}"')
        if row.query is not None:
            raise InvalidError(
                f'"{row.name}" has the devices that its query finds: change the query instead.'
            )
        self.refuse_widening(unit.session, [group_id], editor)
        added = add_members(unit.session, group_id, wanted.add)
        if added + remove_members(unit.session, group_id, wanted.remove) == 0:
            return self._view(unit.session, row)
        self._touch(row, ["devices"])
        group = self._members_published(unit, row)
        details = {"add": wanted.add, "remove": wanted.remove}
        self._audit.tell(unit, "groups.members", _entity(row), details=details)
        return group

    def delete(self, unit: Unit, group_id: int, version: int | None) -> None:
        """Raises NotFoundError, and ConflictError while something needs the group."""
        row = _group(unit.session, group_id)
        refuse_stale(version, row.version, row.edited_at_version, f'"{row.name}"')
        users = [str(user) for user in self._references.of(unit.session, GROUP, group_id)]
        users += [user for of in self.users for user in of(unit, group_id)]
        if users:
            more = f" and {len(users) - _SHOWN} more" if len(users) > _SHOWN else ""
            raise ConflictError(
                f'"{row.name}" is still needed by {", ".join(users[:_SHOWN])}{more}. End that first.',
                code="in_use",
            )
        before = self._view(unit.session, row)
        unit.session.execute(delete(GroupMemberRow).where(GroupMemberRow.group_id == group_id))
        unit.session.delete(row)
        self._audit.tell(unit, "groups.delete", _entity(row), before=before)
        unit.publish(Changed(GROUP, group_id, None))

    def named(self, session: Session, group_ids: Iterable[int]) -> dict[int, str]:
        """The names of groups that devices can be put into. Raises NotFoundError, InvalidError."""
        rows = [_group(session, group_id) for group_id in dict.fromkeys(group_ids)]
        for row in rows:
            if row.query is not None:
                raise InvalidError(f'A query decides who is in the group "{row.name}": name another group.')
        return {row.id: row.name for row in rows}

    def checked_named(self, session: Session, group_ids: Iterable[int]) -> list[int]:
        """The ids, each once: groups that devices can be put into. Raises NotFoundError, InvalidError."""
        return list(self.named(session, group_ids))

    def refuse_widening(self, session: Session, group_ids: Iterable[int], editor: Principal) -> None:
        """Raises ForbiddenError for groups to whose devices a role is limited: who decides which devices
        these are decides on rights."""
        if editor.may(EDIT_RIGHTS):
            return
        for group_id in group_ids:
            roles = [one for one in self._references.of(session, GROUP, group_id) if one.kind == ROLE]
            if roles:
                raise ForbiddenError(
                    f'"{_group(session, group_id).name}" says where the rights of {roles[0]} hold: to change '
                    f"its devices needs the right {EDIT_RIGHTS} too.",
                    code="limits_rights",
                )

    def join(self, unit: Unit, device_id: int, group_ids: Iterable[int]) -> None:
        """Name a device as a member of groups; those that are gone or have a query are passed over."""
        for group_id in sorted(set(group_ids)):
            row = unit.session.get(GroupRow, group_id)
            if row is not None and row.query is None and add_members(unit.session, group_id, [device_id]):
                self._touch(row, ["devices"])
                self._members_published(unit, row)

    def forget_device(self, unit: Unit, device_id: int) -> None:
        """A device that is retired leaves the groups that named it."""
        for group_id in groups_naming(unit.session, device_id):
            remove_members(unit.session, group_id, [device_id])
            self._members_published(unit, _group(unit.session, group_id))

    def _touch(self, row: GroupRow, fields: Iterable[str]) -> None:
        mark_edited(row, fields, self._clock.now_ms())

    def _members_published(self, unit: Unit, row: GroupRow) -> Group:
        unit.publish(MembersChanged(frozenset({row.id})))
        return self._published(unit, row)

    def _published(self, unit: Unit, row: GroupRow) -> Group:
        unit.session.flush()
        group = self._view(unit.session, row)
        unit.publish(Changed(GROUP, row.id, msgspec.to_builtins(group)))
        return group

    def _view(self, session: Session, row: GroupRow) -> Group:
        return Group(
            id=row.id,
            name=row.name,
            description=row.description,
            query=row.query,
            device_count=_count(session, self._device_ids(row)),
            created_at=format_time(row.created_at),
            updated_at=format_time(row.updated_at),
            version=row.version,
        )


def _count(session: Session, query: Select[int]) -> int:
    return session.scalar(query.with_only_columns(func.count(), maintain_column_froms=True)) or 0


def _entity(row: GroupRow) -> Entity:
    return Entity(GROUP, row.id, row.name)


def _group(session: Session, group_id: int) -> GroupRow:
    row = stored(session, GroupRow, group_id)
    if row is None:
        raise NotFoundError(f"There is no group {group_id}.")
    return row


def _checked_fields(row: GroupRow, wanted: GroupUpdate) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if wanted.name is not UNSET:
        fields["name"] = checked_name(wanted.name)
    if wanted.description is not UNSET:
        fields["description"] = checked_description(wanted.description)
    if wanted.query is not UNSET:
        if row.query is None:
            raise InvalidError(f'"{row.name}" has named members: make another group for a query.')
        fields["query"] = checked_query(wanted.query)
    return fields


def _refuse_taken(session: Session, name: str, own_id: int | None) -> None:
    taken = session.scalar(select(GroupRow.id).where(GroupRow.name_key == name_key(name)))
    if taken not in (None, own_id):
        raise InvalidError(f'There is a group "{name}" already: choose another name.', code="name_taken")
