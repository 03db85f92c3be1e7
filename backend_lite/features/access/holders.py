"""Who has a right."""

from __future__ import annotations

from sqlalchemy import Connection, select

from backend_lite.features.access.rights import granted
from backend_lite.features.access.tables import RoleRow, UserRoleRow, UserRow


def holders(connection: Connection, permission: str) -> frozenset[int]:
    """The ids of the users who have it everywhere; nobody who is disabled or removed."""
    roles = (
        select(UserRow.id, RoleRow.built_in, RoleRow.grants, RoleRow.groups)
        .join(UserRoleRow, UserRoleRow.user_id == UserRow.id)
        .join(RoleRow, RoleRow.id == UserRoleRow.role_id)
        .where(UserRow.is_active, UserRow.removed_at.is_(None))
    )
    return frozenset(
        user_id
        for user_id, built_in, grants, groups in connection.execute(roles)
        if permission in granted(built_in, grants, groups).everywhere
    )
