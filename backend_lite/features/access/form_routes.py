"""The documented log-ins by form, and who the caller is in their words: one set of users and sessions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from litestar import Request, get, post
from litestar.params import URLEncodedBody
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend_lite.contract.rights import ALL_PERMISSIONS
from backend_lite.contract.sign_in_forms import (
    FORM_LOGIN,
    FORM_ME,
    TOKEN,
    TOKEN_ME,
    FormLogin,
    FormMe,
    FormToken,
    FormUser,
    PermissionTable,
    TokenUser,
)
from backend_lite.core.db.database import Database
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import OPEN, SIGNED_IN, USER
from backend_lite.core.security.principal import Principal
from backend_lite.errors import UnauthorizedError
from backend_lite.features.access.guesses import WRONG_CREDENTIALS
from backend_lite.features.access.login import Login
from backend_lite.features.access.rights import OWNER
from backend_lite.features.access.routes import address_of
from backend_lite.features.access.tables import RoleRow, UserRoleRow, UserRow

AnyRequest = Request[Any, Any, Any]
_FORM = frozenset({"application/x-www-form-urlencoded"})


def form_types(path: str) -> frozenset[str]:
    """The content types that an address takes besides JSON."""
    return _FORM if path.rstrip("/") in (FORM_LOGIN, TOKEN) else frozenset()


def form_routes(database: Database, login: Login) -> Sequence[Route]:
    @post(FORM_LOGIN, status_code=200, permission=OPEN, audience=USER)
    async def log_in_by_form(request: AnyRequest, data: URLEncodedBody[FormLogin]) -> FormToken:
        """Sign in with user name and password."""
        try:
            return await _token(login, request, data)
        except UnauthorizedError as error:
            if error.code != WRONG_CREDENTIALS:
                raise
            raise UnauthorizedError("Invalid credentials", code=error.code) from error

    @post(TOKEN, status_code=200, permission=OPEN, audience=USER)
    async def token_by_form(request: AnyRequest, data: URLEncodedBody[FormLogin]) -> FormToken:
        """Sign in with user name and password."""
        return await _token(login, request, data)

    @get(FORM_ME, permission=SIGNED_IN, audience=USER)
    async def me_with_rights(request: AnyRequest) -> FormMe:
        """The caller, and what the caller may do."""
        principal: Principal = request.user
        return await database.read(lambda session: _me(session, principal))

    @get(TOKEN_ME, permission=SIGNED_IN, audience=USER)
    async def me_by_name(request: AnyRequest) -> TokenUser:
        """The caller."""
        user = await database.read(lambda session: _user(session, request.user))
        return TokenUser(user.id, user.username)

    return [log_in_by_form, token_by_form, me_with_rights, me_by_name]


async def _token(login: Login, request: AnyRequest, data: FormLogin) -> FormToken:
    answer = await login.with_password(data.username, data.password, address_of(request), data.otp)
    return FormToken(answer.access_token, answer.token_type)


def _me(session: Session, principal: Principal) -> FormMe:
    user = _user(session, principal)
    held = select(RoleRow).join(UserRoleRow).where(UserRoleRow.user_id == user.id).order_by(RoleRow.id)
    roles = session.scalars(held).all()
    by_artifact: defaultdict[str, list[str]] = defaultdict(list)
    for permission in sorted(ALL_PERMISSIONS):
        artifact, _, verb = permission.partition(":")
        if principal.may(permission):
            by_artifact[artifact].append(verb)
    is_admin = any(role.built_in == OWNER for role in roles)
    return FormMe(
        FormUser(user.id, user.username, user.email, is_admin),
        [role.name for role in roles],
        PermissionTable(by_artifact, {one: principal.may(one) for one in sorted(ALL_PERMISSIONS)}),
    )


def _user(session: Session, principal: Principal) -> UserRow:
    user = session.get(UserRow, principal.user_id)
    if user is None:
        raise UnauthorizedError("User not found")
    return user
