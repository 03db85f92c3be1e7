"""The named members of groups."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Select, delete, insert, select, true
from sqlalchemy.orm import Session

from backend_lite.core.db.base import storable
from backend_lite.core.db.query_sql import Condition, among
from backend_lite.errors import NotFoundError
from backend_lite.features.fleet.tables import DeviceRow, GroupMemberRow

_SHOWN = 5


def add_members(session: Session, group_id: int, device_ids: Collection[int]) -> int:
    """How many are new. Raises NotFoundError for a device that is unknown or retired."""
    wanted = {device_id for device_id in device_ids if storable(device_id)}
    known = select(DeviceRow.id).where(among(DeviceRow.id, wanted), DeviceRow.retired_at.is_(None))
    there = set(session.scalars(known))
    if missing := sorted(set(device_ids) - there):
        shown, more = ", ".join(map(str, missing[:_SHOWN])), len(missing) - _SHOWN
        raise NotFoundError(f"Device not found: {shown}{f' and {more} more' if more > 0 else ''}.")
    members = select(GroupMemberRow.device_id).where(GroupMemberRow.group_id == group_id)
    new = sorted(there - set(session.scalars(members)))
    if new:
        rows = [{"group_id": group_id, "device_id": device_id} for device_id in new]
        session.execute(insert(GroupMemberRow), rows)
    return len(new)


def remove_members(session: Session, group_id: int, device_ids: Collection[int]) -> int:
    """How many were there."""
    own = [GroupMemberRow.group_id == group_id, among(GroupMemberRow.device_id, filter(storable, device_ids))]
    found = session.scalars(select(GroupMemberRow.device_id).where(*own)).all()
    session.execute(delete(GroupMemberRow).where(*own).execution_options(synchronize_session=False))
    return len(found)


def devices_within(group_ids: Collection[int]) -> Select[int]:
    """The ids of the devices that any of the groups names: where rights that are limited to them hold.

    A group that has a query gives none: whoever may edit what the query asks for could widen them.
    """
    return select(GroupMemberRow.device_id).where(GroupMemberRow.group_id.in_(group_ids))


def only_within(groups: Collection[int] | None) -> Condition:
    """True for the rows of devices in which a right holds; None: in all."""
    return true() if groups is None else DeviceRow.id.in_(devices_within(groups))


def those_within(session: Session, device_ids: Iterable[int], groups: Collection[int]) -> set[int]:
    found = devices_within(groups).where(among(GroupMemberRow.device_id, filter(storable, device_ids)))
    return set(session.scalars(found))


def refuse_outside(session: Session, device_ids: Collection[int], groups: Collection[int] | None) -> None:
    """Raises NotFoundError where a right that holds in the groups' devices only does not reach one."""
    if groups is None:
        return
    if missing := set(device_ids) - those_within(session, device_ids, groups):
        raise NotFoundError(f"Device not found: {min(missing)}.")


def is_within(session: Session, device_id: int, group_ids: Collection[int]) -> bool:
    found = devices_within(group_ids).where(GroupMemberRow.device_id == device_id)
    return session.scalar(found.limit(1)) is not None


def groups_naming(session: Session, device_id: int) -> Sequence[int]:
    """The groups that name the device."""
    return session.scalars(
        select(GroupMemberRow.group_id)
        .where(GroupMemberRow.device_id == device_id)
        .order_by(GroupMemberRow.group_id)
    ).all()
