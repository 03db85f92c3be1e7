"""Users and roles at our own addresses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Request, Response, delete, get, post, put
from litestar.params import FromPath, JSONBody
from msgspec import UNSET

from backend_lite.contract.accounts import (
    RIGHTS,
    ROLES,
    USERS,
    Rights,
    Role,
    RoleCreate,
    RoleUpdate,
    UserAccount,
    UserCreate,
    UserUpdate,
)
from backend_lite.contract.common import Page
from backend_lite.core.db.database import Database
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import SIGNED_IN, USER, refuse_stale_sign_in
from backend_lite.core.security.principal import Principal
from backend_lite.core.versions import etag, version_wanted
from backend_lite.features.access.accounts import Accounts
from backend_lite.features.access.roles import Roles

AnyRequest = Request[Any, Any, Any]
_ONE_USER = f"{USERS}/{{user_id:int}}"
_ONE_ROLE = f"{ROLES}/{{role_id:int}}"


def user_routes(database: Database, accounts: Accounts) -> Sequence[Route]:
    @get(USERS, permission="users:view", audience=USER)
    async def users_list() -> Page[UserAccount]:
        """By name."""
        return Page(await database.read(accounts.all))

    @get(_ONE_USER, permission="users:view", audience=USER)
    async def user_get(user_id: FromPath[int]) -> Response[UserAccount]:
        return _user(await database.read(lambda session: accounts.get(session, user_id)))

    @post(USERS, permission="users:create", audience=USER)
    async def user_make(request: AnyRequest, data: JSONBody[UserCreate]) -> Response[UserAccount]:
        if data.roles or data.subject:
            refuse_stale_sign_in(request.user)
        return _user(await accounts.create(data, request.user), 201)

    @put(_ONE_USER, permission="users:edit", audience=USER)
    async def user_change(
        request: AnyRequest, user_id: FromPath[int], data: JSONBody[UserUpdate]
    ) -> Response[UserAccount]:
        """A new password, and taking the activity away, end the user's sessions at once."""
        lets_in = data.is_active is True
        if lets_in or data.roles is not UNSET or data.password is not UNSET:
            refuse_stale_sign_in(request.user)
        version = version_wanted(request.headers.get("if-match"))
        return _user(await accounts.update(user_id, data, request.user, version))

    @delete(_ONE_USER, permission="users:delete", audience=USER)
    async def user_remove(request: AnyRequest, user_id: FromPath[int]) -> None:
        """Shut the user out for good; what the user did stays."""
        await accounts.remove(user_id, request.user)

    return [users_list, user_get, user_make, user_change, user_remove]


def rights_route() -> Route:
    @get(RIGHTS, permission=SIGNED_IN, audience=USER)
    async def own_rights(request: AnyRequest) -> Rights:
        """What the caller may do."""
        principal: Principal = request.user
        limited = {one: sorted(groups) for one, groups in principal.limited.items()}
        return Rights(sorted(principal.permissions), limited, principal.lacks_factor)

    return own_rights


def role_routes(database: Database, roles: Roles) -> Sequence[Route]:
    @get(ROLES, permission="roles:view", audience=USER)
    async def roles_list() -> Page[Role]:
        """The built-in ones first."""
        return Page(await database.read(roles.all))

    @get(_ONE_ROLE, permission="roles:view", audience=USER)
    async def role_get(role_id: FromPath[int]) -> Response[Role]:
        return _role(await database.read(lambda session: roles.get(session, role_id)))

    @post(ROLES, permission="roles:create", audience=USER, step_up=True)
    async def role_make(request: AnyRequest, data: JSONBody[RoleCreate]) -> Response[Role]:
        maker = request.user
        return _role(await database.write(lambda unit: roles.create(unit, data, maker)), 201)

    @put(_ONE_ROLE, permission="roles:edit", audience=USER, step_up=True)
    async def role_change(
        request: AnyRequest, role_id: FromPath[int], data: JSONBody[RoleUpdate]
    ) -> Response[Role]:
        """Holds for everybody who has it at once."""
        editor, version = request.user, version_wanted(request.headers.get("if-match"))
        return _role(await database.write(lambda unit: roles.update(unit, role_id, data, editor, version)))

    @delete(_ONE_ROLE, permission="roles:delete", audience=USER, step_up=True)
    async def role_delete(request: AnyRequest, role_id: FromPath[int]) -> None:
        editor, version = request.user, version_wanted(request.headers.get("if-match"))
        await database.write(lambda unit: roles.delete(unit, role_id, editor, version))

    return [roles_list, role_get, role_make, role_change, role_delete]


def _user(account: UserAccount, status: int = 200) -> Response[UserAccount]:
    return Response(account, headers=etag(account.version), status_code=status)


def _role(role: Role, status: int = 200) -> Response[Role]:
    return Response(role, headers=etag(role.version), status_code=status)
