"""Signing in through a provider: the documented addresses, and those of a window."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any

from litestar import Request, Response, delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend_lite.contract.access import TokenAnswer
from backend_lite.contract.oidc import (
    IDENTITIES,
    OIDC_CALLBACK,
    OIDC_LOGIN,
    STEP_UP_BY_PROVIDER,
    OidcCallback,
    OidcLogin,
    OidcSession,
    OidcUser,
    OidcWindowLogin,
    OwnSignIns,
    ProviderAnswer,
    ProviderSignIn,
)
from backend_lite.core.db.database import Database
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import OPEN, SIGNED_IN, USER, refuse_program
from backend_lite.core.http.rate_limits import FailureLimit
from backend_lite.core.security.principal import Principal
from backend_lite.errors import InvalidError, ServiceError, UnauthorizedError
from backend_lite.features.access.desktop_forms import documented_error
from backend_lite.features.access.oidc_page import page
from backend_lite.features.access.oidc_sign_ins import ProviderSignIns
from backend_lite.features.access.oidc_states import InvalidStateError, Purpose
from backend_lite.features.access.rights import OWNER
from backend_lite.features.access.routes import address_of
from backend_lite.features.access.tables import RoleRow, UserRoleRow

AnyRequest = Request[Any, Any, Any]

BAD_STATES = 30
"""States that were never given out, in a minute from one address."""


def oidc_routes(
    database: Database, sign_ins: ProviderSignIns, limit: FailureLimit, launch_secret: str
) -> Sequence[Route]:
    return [*_open_routes(database, sign_ins, limit, launch_secret), *_own_routes(sign_ins)]


def _open_routes(
    database: Database, sign_ins: ProviderSignIns, limit: FailureLimit, launch_secret: str
) -> Sequence[Route]:
    documented: Any = {ServiceError: documented_error}

    async def session_of(answer: ProviderAnswer) -> OidcSession:
        session = answer.session
        if session is None:
            raise InvalidStateError
        return await database.read(lambda reading: _documented(reading, session))

    @get(OIDC_LOGIN, permission=OPEN, audience=USER, exception_handlers=documented)
    async def oidc_login(request: AnyRequest, begin: FromQuery[bool] = True) -> OidcLogin:
        """Where the browser is to go; it comes back to the callback."""
        if not begin:
            return OidcLogin("", sign_ins.provider_name)
        begun = await sign_ins.begin(Purpose.SIGN_IN, _port(request), collected=False)
        return OidcLogin(begun.authorization_url, begun.provider)

    @post(OIDC_LOGIN, status_code=200, permission=OPEN, audience=USER, exception_handlers=documented)
    async def oidc_login_of_window(request: AnyRequest, data: JSONBody[OidcWindowLogin]) -> ProviderSignIn:
        """The same for a window, which asks the callback for the session with its handle."""
        if not hmac.compare_digest(launch_secret.encode(), data.secret.encode()):
            raise UnauthorizedError("This is not the secret of the running service: read its file again.")
        return await sign_ins.begin(Purpose.SIGN_IN, _port(request))

    @get(OIDC_CALLBACK, permission=OPEN, audience=USER, exception_handlers=documented)
    async def oidc_browser_back(
        request: AnyRequest,
        code: FromQuery[str] = "",
        given_state: Annotated[str, QueryParameter(name="state")] = "",
        error: FromQuery[str] = "",
        iss: FromQuery[str] = "",
    ) -> Response[Any]:
        """Where the provider sends the browser to."""
        try:
            _refuse_incomplete(given_state, code or error)
            address = address_of(request)
            async with _counted(limit, address):
                await sign_ins.arrive(given_state, code, error, iss)
                if await sign_ins.is_collected(given_state):
                    return page("You can close this page", "DeployFlow goes on in its own window.")
            return Response(await session_of(await sign_ins.finish(given_state, None, address)))
        except ServiceError as refusal:
            if "text/html" not in request.headers.get("accept", ""):
                raise
            return page("This did not work", refusal.detail, refusal.status)

    @post(OIDC_CALLBACK, status_code=200, permission=OPEN, audience=USER, exception_handlers=documented)
    async def oidc_callback(
        request: AnyRequest, data: JSONBody[OidcCallback]
    ) -> OidcSession | ProviderAnswer:
        """For `code` and `state` a session; for `state` and `handle` how far the window's sign-in is."""
        _refuse_incomplete(data.state, data.code or data.handle)
        address = address_of(request)
        async with _counted(limit, address):
            if data.handle:
                return await sign_ins.collect(data.state, data.handle, data.otp, address)
            await sign_ins.arrive(data.state, data.code)
            if await sign_ins.is_collected(data.state):
                return ProviderAnswer(False)
        return await session_of(await sign_ins.finish(data.state, data.otp, address))

    return [oidc_login, oidc_login_of_window, oidc_browser_back, oidc_callback]


def _own_routes(sign_ins: ProviderSignIns) -> Sequence[Route]:
    @post(STEP_UP_BY_PROVIDER, status_code=200, permission=SIGNED_IN, audience=USER)
    async def step_up_by_provider(request: AnyRequest) -> ProviderSignIn:
        """Instead of the password: the provider asks the person once more."""
        return await sign_ins.begin(Purpose.STEP_UP, _port(request), person=_person(request))

    @get(IDENTITIES, permission=SIGNED_IN, audience=USER)
    async def own_sign_ins(request: AnyRequest) -> OwnSignIns:
        """By what the caller may sign in."""
        return await sign_ins.of_person(_person(request))

    @post(IDENTITIES, status_code=200, permission=SIGNED_IN, audience=USER, step_up=True)
    async def identity_link(request: AnyRequest) -> ProviderSignIn:
        """Let the caller sign in through the provider, too."""
        return await sign_ins.begin(Purpose.LINK, _port(request), person=_person(request))

    @delete(f"{IDENTITIES}/{{identity_id:int}}", permission=SIGNED_IN, audience=USER, step_up=True)
    async def identity_unlink(request: AnyRequest, identity_id: FromPath[int]) -> None:
        await sign_ins.unlink(_person(request), identity_id)

    return [step_up_by_provider, own_sign_ins, identity_link, identity_unlink]


@asynccontextmanager
async def _counted(limit: FailureLimit, address: str) -> AsyncIterator[None]:
    """Who guesses states is told to wait; a good one is taken all the same."""
    try:
        yield
    except InvalidStateError:
        limit.check(address)
        limit.failed(address)
        raise


def _documented(session: Session, answer: TokenAnswer) -> OidcSession:
    user = answer.user
    owner = select(RoleRow.id).join(UserRoleRow).where(RoleRow.built_in == OWNER)
    is_admin = session.scalar(owner.where(UserRoleRow.user_id == int(user.id))) is not None
    return OidcSession(answer.access_token, OidcUser(int(user.id), user.username, user.email, is_admin))


def _refuse_incomplete(*needed: str) -> None:
    if not all(needed):
        raise InvalidError("Missing required parameters")


def _port(request: AnyRequest) -> int:
    """Of the listener that was asked."""
    server = request.scope["server"]
    return int(server[1] or 0) if server else 0


def _person(request: AnyRequest) -> Principal:
    """Raises ForbiddenError for a token."""
    principal: Principal = request.user
    refuse_program(principal)
    return principal
