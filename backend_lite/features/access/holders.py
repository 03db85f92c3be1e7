"""Who has a right."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, select

from backend_lite.core.security.principal import Groups
from backend_lite.features.access.reach import reach
from backend_lite.features.access.tables import UserRow


def holders(connection: Connection, permission: str) -> Mapping[int, Groups]:
    """The users who have it, by id: the groups in whose devices, or None for everywhere; nobody who is
    disabled or removed."""
    active = select(UserRow.id).where(UserRow.is_active, UserRow.removed_at.is_(None))
    found = reach(connection, connection.scalars(active).all(), (permission,))
    return {user_id: groups for user_id, groups in found.items() if groups is None or groups}
