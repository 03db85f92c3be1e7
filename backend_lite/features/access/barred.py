"""Whether those who began something may still do it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import Connection, select

from backend_lite.features.access.rights import grants_of
from backend_lite.features.access.tables import RoleRow, UserRoleRow, UserRow


def barred(connection: Connection, user_ids: Iterable[int], permissions: Collection[str]) -> frozenset[int]:
    """Those of the users who are disabled or removed, or have none of `permissions` any more."""
    asked = frozenset(user_ids)
    roles = (
        select(UserRow.id, RoleRow.built_in, RoleRow.grants)
        .join(UserRoleRow, UserRoleRow.user_id == UserRow.id)
        .join(RoleRow, RoleRow.id == UserRoleRow.role_id)
        .where(UserRow.id.in_(asked), UserRow.is_active, UserRow.removed_at.is_(None))
    )
    wanted = frozenset(permissions)
    free = {
        user_id
        for user_id, built_in, grants in connection.execute(roles)
        if grants_of(built_in, grants) & wanted
    }
    return asked - free
