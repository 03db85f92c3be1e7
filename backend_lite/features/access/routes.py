"""Signing in and out, and the first set-up."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import JSONBody

from backend_lite.contract.access import (
    LOCAL_LOGIN,
    LOCAL_SIGN_IN_OFF,
    LOGIN,
    LOGOUT,
    ME,
    SETUP,
    AuthProblem,
    LocalLoginRequest,
    LoginRequest,
    SetupRequest,
    SetupState,
    TokenAnswer,
    User,
)
from backend_lite.contract.common import Message
from backend_lite.core.feature import Route
from backend_lite.core.http.errors import service_error
from backend_lite.core.http.guard import OPEN, SIGNED_IN, USER
from backend_lite.core.settings import SettingValues
from backend_lite.errors import ForbiddenError, NotFoundError, ServiceError, UnauthorizedError
from backend_lite.features.access.login import Login
from backend_lite.features.access.users import OwnerExistsError, Users

AnyRequest = Request[Any, Any, Any]


LOCAL_SIGN_IN = "security.local_sign_in"


def access_routes(users: Users, login: Login, settings: SettingValues, launch_secret: str) -> Sequence[Route]:
    return [*_sessions(users, login, settings, launch_secret), *_setup(users, login, launch_secret)]


def _sessions(users: Users, login: Login, settings: SettingValues, launch_secret: str) -> Sequence[Route]:
    documented: Any = {ServiceError: _documented_error}

    @post(LOGIN, status_code=200, permission=OPEN, audience=USER, exception_handlers=documented)
    async def log_in(request: AnyRequest, data: JSONBody[LoginRequest]) -> TokenAnswer:
        """Sign in with user name and password."""
        return await login.with_password(data.username, data.password, address_of(request), data.otp)

    @post(LOCAL_LOGIN, status_code=200, permission=OPEN, audience=USER, exception_handlers=documented)
    async def log_in_here(data: JSONBody[LocalLoginRequest]) -> TokenAnswer:
        """Sign in as the owner by the secret that only this machine's account can read. The window may be
        kept from it by a setting; a command (`command`) may not."""
        if not _same(launch_secret, data.secret):
            raise UnauthorizedError("This is not the secret of the running service: read its file again.")
        # A command needs no password, neither here nor for a fresh sign-in, and no setting keeps it out:
        # whoever can read the secret owns the data folder, and the same command on a stopped service asks
        # for none either. It is how a lost password is mended. The window stays open for whoever passes by.
        if not data.command and (login.demands_factor or not settings.flag(LOCAL_SIGN_IN)):
            raise ForbiddenError(
                "Signing in on this PC without a password is switched off. Sign in with name and password.",
                code=LOCAL_SIGN_IN_OFF,
            )
        if data.command:
            return await login.as_owner(confirmed=True, command=True)
        return await login.as_owner()

    @post(LOGOUT, status_code=200, permission=SIGNED_IN, audience=USER, exception_handlers=documented)
    async def log_out(request: AnyRequest) -> Message:
        """End this session."""
        await login.end(request.user.token_id)
        return Message("Successfully logged out")

    @get(ME, permission=SIGNED_IN, audience=USER, exception_handlers=documented)
    async def who_am_i(request: AnyRequest) -> User:
        """The signed-in user."""
        user = await users.get(request.user.user_id)
        if user is None:
            raise UnauthorizedError("User not found")
        return user

    return [log_in, log_in_here, log_out, who_am_i]


def _setup(users: Users, login: Login, launch_secret: str) -> Sequence[Route]:
    async def refuse_when_set_up() -> None:
        if await users.has_owner():
            raise NotFoundError("There is nothing at this address.")

    @get(SETUP, permission=OPEN, audience=USER)
    async def setup_state() -> SetupState:
        """Whether the first user is still to be made; 404 afterwards."""
        await refuse_when_set_up()
        return SetupState(needed=True)

    @post(SETUP, permission=OPEN, audience=USER)
    async def set_up(data: JSONBody[SetupRequest]) -> TokenAnswer:
        """Make the owner and sign in as this person."""
        await refuse_when_set_up()
        if not _same(launch_secret, data.secret):
            raise ForbiddenError(
                "Set up on the machine that runs the service: this is not the secret of the running service."
            )
        try:
            await users.create_owner(data.username, data.password, data.full_name)
        except OwnerExistsError as error:
            raise NotFoundError("There is nothing at this address.") from error
        return await login.as_owner(confirmed=True)

    return [setup_state, set_up]


def address_of(request: AnyRequest) -> str:
    """From where the request comes."""
    return request.client.host if request.client else ""


def _same(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode())


def _documented_error(request: AnyRequest, error: ServiceError) -> Response[AuthProblem]:
    """The documented form of these addresses: `success` and `error` beside `detail` and `code`."""
    plain = service_error(request, error)
    return Response(
        AuthProblem(detail=error.detail, error=error.detail, code=error.code),
        status_code=plain.status_code,
        headers=dict(plain.headers),
    )
