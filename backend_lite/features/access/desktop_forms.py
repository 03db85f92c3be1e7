"""Users and tokens in the documented form of the desktop manager, and service tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Request, Response, delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec.structs import asdict
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend_lite.contract.access_forms import (
    DESKTOP_TOKENS,
    DESKTOP_USERS,
    SERVICE_TOKEN,
    DesktopToken,
    DesktopTokenCreate,
    DesktopTokenCreated,
    DesktopTokenList,
    DesktopUser,
    DesktopUserAnswer,
    DesktopUserCreate,
    DesktopUserCreated,
    DesktopUserDetails,
    DesktopUserKnown,
    DesktopUserList,
    DesktopUserRemove,
    ServiceTokenAnswer,
    ServiceTokenRequest,
    TokenLogin,
    TokenLoginAnswer,
)
from backend_lite.contract.accounts import ApiToken, ApiTokenCreate, UserAccount, UserCreate
from backend_lite.contract.common import Message
from backend_lite.core.db.database import Database
from backend_lite.core.feature import Route
from backend_lite.core.http.errors import service_error
from backend_lite.core.http.guard import OPEN, SIGNED_IN, USER
from backend_lite.errors import InvalidError, NotFoundError, ServiceError
from backend_lite.features.access.accounts import Accounts
from backend_lite.features.access.api_tokens import ApiTokens
from backend_lite.features.access.rights import OWNER
from backend_lite.features.access.tables import IdentityRow, RoleRow, UserRow
from backend_lite.features.access.users import name_key

AnyRequest = Request[Any, Any, Any]
_MIN_USERNAME = 3
_MAX_TOKEN_NAME = 255


def desktop_routes(database: Database, accounts: Accounts, tokens: ApiTokens) -> Sequence[Route]:
    return [
        *_users_read(database, accounts),
        *_users_changed(database, accounts),
        *_tokens(database, tokens),
        _token_login(database, accounts, tokens),
        _service_token(),
    ]


def _users_read(database: Database, accounts: Accounts) -> Sequence[Route]:
    documented: Any = {ServiceError: documented_error}

    @get(f"{DESKTOP_USERS}/list", permission="users:view", audience=USER, exception_handlers=documented)
    async def desktop_users() -> DesktopUserList:
        return DesktopUserList(await database.read(lambda session: _all_users(session, accounts)))

    @get(f"{DESKTOP_USERS}/verify", permission="users:view", audience=USER, exception_handlers=documented)
    async def desktop_user_known(sub: FromQuery[str] = "") -> DesktopUserKnown:
        """Whether a provider's subject is a user here."""
        if not sub:
            raise InvalidError("sub is required")
        return await database.read(lambda session: _known(session, sub))

    @get(
        f"{DESKTOP_USERS}/{{username:str}}",
        permission="users:view",
        audience=USER,
        exception_handlers=documented,
    )
    async def desktop_user(username: FromPath[str]) -> DesktopUserAnswer:
        return DesktopUserAnswer(await database.read(lambda session: _one_user(session, accounts, username)))

    return [desktop_users, desktop_user_known, desktop_user]


def _users_changed(database: Database, accounts: Accounts) -> Sequence[Route]:
    documented: Any = {ServiceError: documented_error}

    @post(
        f"{DESKTOP_USERS}/createuser",
        permission="users:create",
        audience=USER,
        step_up=True,
        exception_handlers=documented,
    )
    async def desktop_user_make(request: AnyRequest, data: JSONBody[DesktopUserCreate]) -> DesktopUserCreated:
        """A user who signs in through a provider, as an owner with `is_admin` and without any role else."""
        if len(data.username.strip()) < _MIN_USERNAME:
            raise InvalidError(f"username is required: {_MIN_USERNAME} characters at least")
        if not data.sub.strip():
            raise InvalidError("sub is required")
        roles = [await database.read(_owner_role)] if data.is_admin else []
        wanted = UserCreate(data.username, roles=roles, subject=data.sub)
        made = await accounts.create(wanted, request.user)
        return DesktopUserCreated(
            made.id, made.username, data.is_admin, made.created_at, "User created successfully"
        )

    @post(
        f"{DESKTOP_USERS}/removeuser",
        status_code=200,
        permission="users:delete",
        audience=USER,
        exception_handlers=documented,
    )
    async def desktop_user_remove(request: AnyRequest, data: JSONBody[DesktopUserRemove]) -> Message:
        if not data.username.strip():
            raise InvalidError("username is required")
        user_id = await database.read(lambda session: _id_of(session, data.username))
        if user_id == request.user.user_id:
            raise InvalidError("Cannot remove your own account", code="own_account")
        await accounts.remove(user_id, request.user)
        return Message("User removed successfully")

    return [desktop_user_make, desktop_user_remove]


def _tokens(database: Database, tokens: ApiTokens) -> Sequence[Route]:
    documented: Any = {ServiceError: documented_error}

    @get(DESKTOP_TOKENS, permission="tokens:view", audience=USER, exception_handlers=documented)
    async def desktop_tokens() -> DesktopTokenList:
        return DesktopTokenList([_token(token) for token in await database.read(tokens.all)])

    @post(
        DESKTOP_TOKENS, permission="tokens:create", audience=USER, step_up=True, exception_handlers=documented
    )
    async def desktop_token_make(
        request: AnyRequest, data: JSONBody[DesktopTokenCreate]
    ) -> DesktopTokenCreated:
        """A token that may do all that its maker may; shown only here."""
        if not 1 <= len(data.name.strip()) <= _MAX_TOKEN_NAME:
            raise InvalidError(f"name is required: 1 to {_MAX_TOKEN_NAME} characters")
        wanted = ApiTokenCreate(data.name, data.description or "", [], data.expires_in_days)
        maker = request.user
        made = await database.write(lambda unit: tokens.make(unit, wanted, maker))
        told = made.api_token
        return DesktopTokenCreated(made.token, str(told.id), told.name, told.expires_at, told.created_by)

    @delete(
        f"{DESKTOP_TOKENS}/{{token_id:str}}",
        status_code=200,
        permission="tokens:delete",
        audience=USER,
        exception_handlers=documented,
    )
    async def desktop_token_revoke(token_id: FromPath[str]) -> Message:
        if not (token_id.isascii() and token_id.isdigit() and len(token_id) < 19):
            raise NotFoundError("Token not found")
        await database.write(lambda unit: tokens.revoke(unit, int(token_id)))
        return Message("Token successfully revoked")

    return [desktop_tokens, desktop_token_make, desktop_token_revoke]


def _token_login(database: Database, accounts: Accounts, tokens: ApiTokens) -> Route:
    documented: Any = {ServiceError: documented_error}

    @post(
        f"{DESKTOP_TOKENS}/api-login",
        status_code=200,
        permission=OPEN,
        audience=USER,
        exception_handlers=documented,
    )
    async def token_login(data: JSONBody[TokenLogin]) -> TokenLoginAnswer:
        """Whose token this is."""
        if not data.token:
            raise InvalidError("token is required")
        principal = await tokens.authenticate(data.token)
        if principal is None:
            raise NotFoundError("Token not found")

        def answer(session: Session) -> TokenLoginAnswer:
            account = accounts.get(session, principal.user_id)
            return TokenLoginAnswer(account.username, _owner_role(session) in account.roles, account.email)

        return await database.read(answer)

    return token_login


def _service_token() -> Route:
    @post(SERVICE_TOKEN, status_code=200, permission=SIGNED_IN, audience=USER)
    async def service_token(data: JSONBody[ServiceTokenRequest]) -> ServiceTokenAnswer:
        """A token for a service; one that does not exist is refused."""
        raise NotFoundError(f'There is no service "{data.service[:100]}".')

    return service_token


def _owner_role(session: Session) -> int:
    return session.scalars(select(RoleRow.id).where(RoleRow.built_in == OWNER)).one()


def _id_of(session: Session, username: str) -> int:
    found = session.scalar(select(UserRow.id).where(UserRow.name_key == name_key(username)))
    if found is None:
        raise NotFoundError("User not found")
    return found


def _all_users(session: Session, accounts: Accounts) -> list[DesktopUser]:
    owner = _owner_role(session)
    return [_user(account, owner) for account in accounts.all(session)]


def _one_user(session: Session, accounts: Accounts, username: str) -> DesktopUserDetails:
    account = accounts.get(session, _id_of(session, username))
    brief = _user(account, _owner_role(session))
    return DesktopUserDetails(**asdict(brief), auth_providers=account.providers)


def _known(session: Session, subject: str) -> DesktopUserKnown:
    found = select(UserRow).join(IdentityRow).where(IdentityRow.subject == subject)
    row = session.scalar(found.where(UserRow.removed_at.is_(None)).limit(1))
    return DesktopUserKnown(row is not None, row.id if row else None, row.username if row else None)


def _user(account: UserAccount, owner: int) -> DesktopUser:
    return DesktopUser(
        account.id,
        account.username,
        account.email,
        owner in account.roles,
        account.created_at,
        account.last_login,
    )


def _token(token: ApiToken) -> DesktopToken:
    return DesktopToken(
        str(token.id),
        token.name,
        token.description,
        token.created_at,
        token.expires_at,
        token.last_used_at,
        token.revoked_at is not None,
        token.created_by,
    )


def documented_error(request: AnyRequest, error: ServiceError) -> Response[dict[str, str]]:
    """The documented form of these addresses: `error` beside `detail` and `code`."""
    plain = service_error(request, error)
    body = {"detail": error.detail, "error": error.detail, "code": error.code}
    return Response(body, status_code=plain.status_code, headers=dict(plain.headers))
