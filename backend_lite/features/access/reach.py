"""Where those who began something may still do it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import Connection, select

from backend_lite.core.security.principal import Groups
from backend_lite.features.access.rights import granted
from backend_lite.features.access.tables import RoleRow, UserRoleRow, UserRow


def reach(
    connection: Connection, user_ids: Iterable[int], permissions: Collection[str]
) -> Mapping[int, Groups]:
    """For each of the users: where they have any of `permissions`. Who is disabled or removed has none."""
    found: dict[int, Groups] = dict.fromkeys(user_ids, frozenset())
    roles = (
        select(UserRow.id, RoleRow.built_in, RoleRow.grants, RoleRow.groups)
        .join(UserRoleRow, UserRoleRow.user_id == UserRow.id)
        .join(RoleRow, RoleRow.id == UserRoleRow.role_id)
        .where(UserRow.id.in_(list(found)), UserRow.is_active, UserRow.removed_at.is_(None))
    )
    for user_id, built_in, grants, groups in connection.execute(roles):
        held = granted(built_in, grants, groups)
        for permission in permissions:
            found[user_id] = _union(found[user_id], held.groups_for(permission))
    return found


def _union(one: Groups, other: Groups) -> Groups:
    return None if one is None or other is None else one | other
