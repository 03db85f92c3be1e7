"""Groups of devices: with named members, or with those that a query finds."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend_lite.core.db.base import storable
from backend_lite.errors import NotFoundError
from backend_lite.features.fleet.tables import DeviceRow, GroupMemberRow, GroupRow


class Groups:
    """Its methods run inside the caller's session or unit."""

    def members(self, session: Session, group_id: int) -> list[int]:
        """The ids of its devices now, in their order. Raises NotFoundError."""
        _group(session, group_id)
        query = (
            select(GroupMemberRow.device_id)
            .join(DeviceRow, DeviceRow.id == GroupMemberRow.device_id)
            .where(GroupMemberRow.group_id == group_id, DeviceRow.retired_at.is_(None))
        )
        return list(session.scalars(query.order_by(GroupMemberRow.device_id)))

    def of_device(self, session: Session, device_id: int) -> list[int]:
        """The ids of the groups that the device is in now."""
        query = select(GroupMemberRow.group_id).where(GroupMemberRow.device_id == device_id)
        return list(session.scalars(query.order_by(GroupMemberRow.group_id)))


def _group(session: Session, group_id: int) -> GroupRow:
    row = session.get(GroupRow, group_id) if storable(group_id) else None
    if row is None:
        raise NotFoundError(f"There is no group {group_id}.")
    return row
