"""Roles and who has them, in the documented form of /api/access."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from litestar import Request, delete, get, post, put
from litestar.params import FromPath, JSONBody
from msgspec import UNSET
from sqlalchemy.orm import Session

from backend_lite.contract.access_forms import (
    ACCESS_ROLES,
    ACCESS_USERS,
    AccessUser,
    ArtifactPermission,
    RoleForm,
    RoleFormCreate,
    RoleFormUpdate,
    RoleIds,
    UserRoles,
)
from backend_lite.contract.accounts import Grant, Role, RoleCreate, RoleUpdate, UserAccount, UserUpdate
from backend_lite.contract.rights import ARTIFACTS
from backend_lite.core.db.database import Database
from backend_lite.core.db.unit import Unit
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import USER
from backend_lite.core.security.principal import Principal
from backend_lite.features.access.accounts import Accounts
from backend_lite.features.access.roles import Roles

AnyRequest = Request[Any, Any, Any]
_VERBS = ("view", "create", "edit", "delete")
_ONE_ROLE = f"{ACCESS_ROLES}/{{role_id:int}}"
_ROLES_OF = f"{ACCESS_USERS}/{{user_id:int}}/roles"


def role_form_routes(database: Database, roles: Roles, accounts: Accounts) -> Sequence[Route]:
    return [*_roles(database, roles), *_users(database, roles, accounts)]


def _roles(database: Database, roles: Roles) -> Sequence[Route]:
    @get(ACCESS_ROLES, permission="roles:view", audience=USER)
    async def access_roles() -> list[RoleForm]:
        return [_form(role) for role in await database.read(roles.all)]

    @get(_ONE_ROLE, permission="roles:view", audience=USER)
    async def access_role(role_id: FromPath[int]) -> RoleForm:
        return _form(await database.read(lambda session: roles.get(session, role_id)))

    @post(ACCESS_ROLES, permission="roles:create", audience=USER, step_up=True)
    async def access_role_make(request: AnyRequest, data: JSONBody[RoleFormCreate]) -> RoleForm:
        wanted = RoleCreate(data.name, data.description or "", _grants(data.permissions, ()))
        maker: Principal = request.user
        return _form(await database.write(lambda unit: roles.create(unit, wanted, maker)))

    @put(_ONE_ROLE, permission="roles:edit", audience=USER, step_up=True)
    async def access_role_change(
        request: AnyRequest, role_id: FromPath[int], data: JSONBody[RoleFormUpdate]
    ) -> RoleForm:
        editor: Principal = request.user

        def work(unit: Unit) -> Role:
            held = roles.get(unit.session, role_id).grants
            return roles.update(unit, role_id, _change(data, held), editor, None)

        return _form(await database.write(work))

    @delete(_ONE_ROLE, permission="roles:delete", audience=USER, step_up=True)
    async def access_role_delete(request: AnyRequest, role_id: FromPath[int]) -> None:
        editor: Principal = request.user
        await database.write(lambda unit: roles.delete(unit, role_id, editor, None))

    return [access_roles, access_role, access_role_make, access_role_change, access_role_delete]


def _users(database: Database, roles: Roles, accounts: Accounts) -> Sequence[Route]:
    def roles_of(session: Session, user_id: int) -> UserRoles:
        account = accounts.get(session, user_id)
        return UserRoles(_user(account), [_form(roles.get(session, one)) for one in account.roles])

    @get(ACCESS_USERS, permission="users:view", audience=USER)
    async def access_users() -> list[AccessUser]:
        return [_user(account) for account in await database.read(accounts.all)]

    @get(_ROLES_OF, permission="users:view", audience=USER)
    async def access_user_roles(user_id: FromPath[int]) -> UserRoles:
        return await database.read(lambda session: roles_of(session, user_id))

    @post(_ROLES_OF, status_code=200, permission="users:edit", audience=USER, step_up=True)
    async def access_user_roles_set(
        request: AnyRequest, user_id: FromPath[int], data: JSONBody[RoleIds]
    ) -> UserRoles:
        """These roles and no others."""
        await accounts.update(user_id, UserUpdate(roles=data.role_ids), request.user)
        return await database.read(lambda session: roles_of(session, user_id))

    return [access_users, access_user_roles, access_user_roles_set]


def _change(data: RoleFormUpdate, held: Sequence[Grant]) -> RoleUpdate:
    change = RoleUpdate(name=data.name)
    if data.description is not UNSET:
        change.description = data.description or ""
    if data.permissions is not UNSET:
        change.grants = _grants(data.permissions, held)
    return change


def _grants(permissions: Iterable[ArtifactPermission], held: Iterable[Grant]) -> list[Grant]:
    others = {grant.artifact: [verb for verb in grant.verbs if verb not in _VERBS] for grant in held}
    return [
        Grant(
            one.artifact,
            [verb for verb in _VERBS if getattr(one, f"can_{verb}")] + others.get(one.artifact, []),
        )
        for one in permissions
        if one.artifact in ARTIFACTS
    ]


def _form(role: Role) -> RoleForm:
    permissions = [
        ArtifactPermission(grant.artifact, *(verb in grant.verbs for verb in _VERBS)) for grant in role.grants
    ]
    return RoleForm(role.id, role.name, role.description, permissions)


def _user(account: UserAccount) -> AccessUser:
    return AccessUser(account.id, account.username, account.email, account.is_active)
