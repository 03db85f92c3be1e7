"""Rights at the door: every route says who may pass, and a route that says nothing lets nobody in."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import HTTPReceiveMessage, WebSocketReceiveMessage

from backend_lite.core.caller import Caller, set_caller
from backend_lite.core.db.within import Within
from backend_lite.core.security.principal import Authenticator, Principal
from backend_lite.errors import ForbiddenError, NotFoundError, UnauthorizedError

OPEN = "open"
"""Permission of a route that needs no credential."""
SIGNED_IN = "signed-in"
"""Permission of a route that any signed-in caller may use."""
CHANNEL = "channel"
"""Permission of a WebSocket route whose first frame carries the credential."""
SIGNED = "signed"
"""Permission of a route whose address is the credential: a guard of its own verifies (`signed_urls`)."""

USER = "user"
MACHINE = "machine"
"""Audiences: routes for machines stand on both listeners, the others on the admin listener only."""

Connection = ASGIConnection[Any, Any, Any, Any]

_USER_AGENT = 300
PERMISSION_KEY = "permission"
AUDIENCE_KEY = "audience"
SCOPED_KEY = "scoped"
"""Option of a route that itself keeps to the groups in which its caller's right holds (`groups_for`). Any
other route asks for the right everywhere."""
WITHIN_KEY = "within"
"""Option of a route: the path parameter whose thing must lie in the groups in which the right holds."""
STEP_UP_KEY = "step_up"
"""Option of a route: it opens only shortly after a sign-in with the password, and to no token. Asked of what
gives power away, and of what ends the means of finding out or of going back; never of what takes power away,
for that must not wait."""
OF_PEOPLE = "of people"
"""Such an option by which tokens with the right pass: who made them confirmed that they have it."""
LATE_S = 1.0
"""Who sends the end of a body so long after its head is looked at once more."""


async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
    """Litestar guard of the whole app. Puts the caller into `connection.scope["user"]`."""
    await _let_in(connection, handler)
    if connection.scope.get("user") is not None:
        _look_again_when_late(connection, handler)


def _look_again_when_late(connection: Connection, handler: BaseRouteHandler) -> None:
    """Else whoever opened requests and kept their bodies back could do with each of them what they had the
    right to do then, long after the token was revoked or the user disabled."""
    receive, clock = connection.receive, asyncio.get_running_loop().time
    looked_at = clock()

    async def received() -> HTTPReceiveMessage | WebSocketReceiveMessage:
        message = await receive()
        is_whole = message["type"] == "http.request" and not message["more_body"]
        if is_whole and clock() - looked_at >= LATE_S:
            await _let_in(connection, handler)
        return message

    connection.receive = received


async def _let_in(connection: Connection, handler: BaseRouteHandler) -> None:
    permission = handler.opt.get(PERMISSION_KEY)
    set_caller(_caller(connection, "nobody"))
    if permission in (OPEN, CHANNEL, SIGNED):
        return
    authenticator: Authenticator = connection.app.state["authenticator"]
    principal = await authenticator.authenticate(bearer(connection))
    if principal is None:
        raise UnauthorizedError("Could not validate credentials")
    connection.scope["user"] = principal
    set_caller(_caller(connection, principal.name, principal.user_id or None))
    if principal.elsewhere:
        raise ForbiddenError(principal.elsewhere, code="wrong_token")
    if permission == SIGNED_IN and principal.device_id is not None:
        raise ForbiddenError("This address is for people: the secret of a device does not open it.")
    if permission != SIGNED_IN:
        await _refuse_without(connection, handler, principal, permission)
    asked = handler.opt.get(STEP_UP_KEY)
    if asked and (principal.session or asked != OF_PEOPLE):
        refuse_stale_sign_in(principal)


async def _refuse_without(
    connection: Connection, handler: BaseRouteHandler, principal: Principal, permission: str | None
) -> None:
    refuse_without_factor(principal)
    if permission is None or not principal.may_somewhere(permission):
        raise ForbiddenError(f"You do not have the right {permission or 'to use this address'}.")
    groups = principal.groups_for(permission)
    if groups is None or handler.opt.get(SCOPED_KEY):
        return
    parameter = handler.opt.get(WITHIN_KEY)
    if parameter is None:
        raise ForbiddenError(
            f"You have the right {permission} on the devices of some groups only: this is about all devices.",
            code="limited",
        )
    within: Within = connection.app.state["within"]
    if not await within.holds(parameter, connection.path_params[parameter], groups):
        raise NotFoundError("There is none such on the devices that your rights cover.")


def refuse_program(principal: Principal) -> None:
    """Raises ForbiddenError for a token: what is about a person's own sign-in is none of its business."""
    if not principal.session:
        raise ForbiddenError("A token cannot do this: it needs a person who signs in.", code="person_needed")


def refuse_without_factor(principal: Principal) -> None:
    """Raises ForbiddenError for a person who has to have a second factor first."""
    if principal.lacks_factor:
        raise ForbiddenError(
            "Everybody needs a second factor here. Set up yours first, under My account.",
            code="second_factor_due",
        )


def refuse_stale_sign_in(principal: Principal) -> None:
    """For what is sensitive only with certain bodies: `step_up` of a route is for those that always are."""
    refuse_program(principal)
    if not principal.fresh:
        raise ForbiddenError("Confirm with your password that it is you.", code="step_up_required")


def _caller(connection: Connection, name: str, user_id: int | None = None) -> Caller:
    address = connection.client.host if connection.client else ""
    return Caller(name, user_id, address, connection.headers.get("user-agent", "")[:_USER_AGENT])


def bearer(connection: Connection) -> str:
    """The token of the Authorization header. Raises UnauthorizedError when there is none, and where there are
    several: who stands in between may look at another than we do."""
    given = connection.headers.getall("authorization", [])
    scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not token.strip():
        raise UnauthorizedError("Not authenticated")
    return token.strip()
