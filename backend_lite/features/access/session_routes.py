"""Sessions, and what a signed-in person does about the own sign-in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Request, delete, get, post, put
from litestar.params import FromPath, JSONBody

from backend_lite.contract.accounts import (
    PASSWORD,
    SECOND_FACTOR,
    SESSIONS,
    STEP_UP,
    USERS,
    PasswordChange,
    RecoveryCodes,
    SecondFactorCode,
    SecondFactorSetUp,
    SecondFactorState,
    SessionInfo,
    StepUpRequest,
)
from backend_lite.contract.common import Message, Page
from backend_lite.core.db.database import Database
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import SIGNED_IN, USER, refuse_program
from backend_lite.core.security.principal import Principal
from backend_lite.features.access.login import Login
from backend_lite.features.access.passwords import OwnPassword
from backend_lite.features.access.routes import address_of
from backend_lite.features.access.second_factor import SecondFactor
from backend_lite.features.access.session_list import SessionList

AnyRequest = Request[Any, Any, Any]


def session_routes(
    database: Database, sessions: SessionList, login: Login, password: OwnPassword
) -> Sequence[Route]:
    @get(SESSIONS, permission=SIGNED_IN, audience=USER)
    async def sessions_list(request: AnyRequest) -> Page[SessionInfo]:
        """The caller's own; with `users:view` everybody's."""
        viewer = _person(request)
        return Page(await database.read(lambda session: sessions.all(session, viewer)))

    @delete(f"{SESSIONS}/{{session_id:int}}", permission=SIGNED_IN, audience=USER)
    async def session_end(request: AnyRequest, session_id: FromPath[int]) -> None:
        """At once; one of somebody else needs `users:edit`."""
        editor = _person(request)
        await database.write(lambda unit: sessions.end(unit, session_id, editor))

    @post(STEP_UP, status_code=204, permission=SIGNED_IN, audience=USER)
    async def step_up(request: AnyRequest, data: JSONBody[StepUpRequest]) -> None:
        """For the next ten minutes sensitive actions are open to this session."""
        await login.step_up(_person(request), data.password, data.otp, address_of(request))

    @put(PASSWORD, permission=SIGNED_IN, audience=USER)
    async def password_change(request: AnyRequest, data: JSONBody[PasswordChange]) -> Message:
        """The caller's other sessions end with it."""
        await password.change(_person(request), data, address_of(request))
        return Message("The password was changed.")

    return [sessions_list, session_end, step_up, password_change]


def second_factor_routes(database: Database, second_factor: SecondFactor) -> Sequence[Route]:
    @get(SECOND_FACTOR, permission=SIGNED_IN, audience=USER)
    async def second_factor_state(request: AnyRequest) -> SecondFactorState:
        user_id = _person(request).user_id
        return await database.read(lambda session: second_factor.state(session, user_id))

    @post(SECOND_FACTOR, status_code=200, permission=SIGNED_IN, audience=USER, step_up=True)
    async def second_factor_begin(request: AnyRequest) -> SecondFactorSetUp:
        """A new secret for the authenticator app; it counts once a code of it has come."""
        user_id = _person(request).user_id
        return await database.write(lambda unit: second_factor.enrol(unit, user_id))

    @post(f"{SECOND_FACTOR}/confirm", status_code=200, permission=SIGNED_IN, audience=USER, step_up=True)
    async def second_factor_confirm(request: AnyRequest, data: JSONBody[SecondFactorCode]) -> RecoveryCodes:
        """From now on every sign-in asks for a code; this answer is the only place that shows the codes. The
        caller's other sessions end with it."""
        person = _person(request)
        return await database.write(lambda unit: second_factor.confirm(unit, person, data.otp))

    @post(
        f"{SECOND_FACTOR}/recovery-codes", status_code=200, permission=SIGNED_IN, audience=USER, step_up=True
    )
    async def recovery_codes_renew(request: AnyRequest) -> RecoveryCodes:
        """New recovery codes; the old ones are worth nothing."""
        user_id = _person(request).user_id
        return await database.write(lambda unit: second_factor.renew_codes(unit, user_id))

    @delete(SECOND_FACTOR, permission=SIGNED_IN, audience=USER, step_up=True)
    async def second_factor_remove(request: AnyRequest) -> None:
        """The caller's other sessions end with it."""
        person = _person(request)
        await database.write(lambda unit: second_factor.remove(unit, person.user_id, person))

    @delete(f"{USERS}/{{user_id:int}}/second-factor", permission="users:edit", audience=USER, step_up=True)
    async def second_factor_reset(request: AnyRequest, user_id: FromPath[int]) -> None:
        """For somebody who has lost theirs; their sessions end with it."""
        editor = _person(request)
        await database.write(lambda unit: second_factor.remove(unit, user_id, editor))

    return [
        second_factor_state,
        second_factor_begin,
        second_factor_confirm,
        recovery_codes_renew,
        second_factor_remove,
        second_factor_reset,
    ]


def _person(request: AnyRequest) -> Principal:
    """Raises ForbiddenError for a token."""
    principal: Principal = request.user
    refuse_program(principal)
    return principal
