"""Enrolment for machines; tokens and the agents' address for people."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Request, Response, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from agent.wire.messages import CA_PATH, ENROLL_PATH, EnrollAnswer, EnrollRequest
from backend_lite.contract.common import Page
from backend_lite.contract.enroll import (
    AGENT_ENDPOINT,
    ENROLLMENT_TOKENS,
    SETUP_ENROLLMENT_TOKEN,
    AgentEndpoint,
    AgentEndpointUpdate,
    EnrollmentToken,
    EnrollmentTokenCreate,
    EnrollmentTokenSecret,
    EnrollmentTokenUpdate,
    SetupEnrollmentToken,
)
from backend_lite.contract.http_agents import AGENT_REGISTER, AgentRegister, AgentRegistered
from backend_lite.core.db.database import Database
from backend_lite.core.db.lists import ListRequest
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import MACHINE, OF_PEOPLE, OPEN, USER, bearer
from backend_lite.errors import ForbiddenError, NotFoundError
from backend_lite.features.access.api import AccessApi, Users
from backend_lite.features.enroll.api import EnrollApi
from backend_lite.features.enroll.endpoint import Endpoint
from backend_lite.features.enroll.enrolment import Enrolment
from backend_lite.features.enroll.registration import Registration
from backend_lite.features.enroll.tokens import EnrollmentTokens

VIEW, CREATE, DELETE, EDIT = "enrollment:view", "enrollment:create", "enrollment:delete", "enrollment:edit"

_LARGEST_REQUEST = 256 << 10

BY_TOKEN = "enrollment_token_id"  # noqa: S105
_TOKEN = f"{ENROLLMENT_TOKENS}/{{{BY_TOKEN}:int}}"

AnyRequest = Request[Any, Any, Any]
Limit = Annotated[int | None, QueryParameter(ge=0, le=2**53)]
Offset = Annotated[int, QueryParameter(ge=0, le=2**53)]


def machine_routes(enrolment: Enrolment, endpoint: Endpoint) -> Sequence[Route]:
    @post(
        ENROLL_PATH,
        status_code=200,
        permission=OPEN,
        audience=MACHINE,
        request_max_body_size=_LARGEST_REQUEST,
    )
    async def enroll(request: AnyRequest, data: JSONBody[EnrollRequest]) -> EnrollAnswer:
        """Bring a device in by its key and an enrollment token."""
        return await enrolment.enroll(data, request.client.host if request.client else "")

    @get(CA_PATH, media_type="application/x-pem-file", permission=OPEN, audience=MACHINE)
    async def ca_certificate() -> str:
        """The private CA, to be trusted only after its hash was compared with the pin."""
        return endpoint.ca_pem

    return [enroll, ca_certificate]


def register_routes(registration: Registration, access: AccessApi) -> Sequence[Route]:
    @post(
        AGENT_REGISTER,
        status_code=200,
        permission=OPEN,
        audience=MACHINE,
        request_max_body_size=_LARGEST_REQUEST,
    )
    async def register(request: AnyRequest, data: JSONBody[AgentRegister]) -> AgentRegistered:
        """Bring in a device whose agent follows the documented calls; with its Bearer, change its labels."""
        caller = None
        if "authorization" in request.headers:
            caller = await access.authenticator.authenticate(bearer(request))
        return await registration.register(data, request.client.host if request.client else "", caller)

    return [register]


def token_routes(database: Database, tokens: EnrollmentTokens, api: EnrollApi) -> Sequence[Route]:
    @get(ENROLLMENT_TOKENS, permission=VIEW, audience=USER, scoped=True)
    async def tokens_list(
        request: AnyRequest,
        limit: Limit = None,
        offset: Offset = 0,
        sort: FromQuery[str | None] = None,
        q: FromQuery[str | None] = None,
    ) -> Response[Page[EnrollmentToken]]:
        """Newest first, with those that have ended. X-Total-Count is their number without the cut."""
        wanted, only = ListRequest(limit, offset, sort, q), request.user.groups_for(VIEW)
        found, count = await database.read(lambda session: tokens.page(session, wanted, only))
        return Response(Page(found), headers={"X-Total-Count": str(count)})

    @get(_TOKEN, permission=VIEW, audience=USER, within=BY_TOKEN)
    async def token_get(enrollment_token_id: FromPath[int]) -> EnrollmentToken:
        return await database.read(lambda session: tokens.get(session, enrollment_token_id))

    @post(ENROLLMENT_TOKENS, permission=CREATE, audience=USER, scoped=True, step_up=OF_PEOPLE)
    async def token_make(request: AnyRequest, data: JSONBody[EnrollmentTokenCreate]) -> EnrollmentTokenSecret:
        """Make a token; this answer is the only place that shows it."""
        return await api.make_token(data, request.user.user_id, request.user.groups_for(CREATE))

    @put(_TOKEN, permission=EDIT, audience=USER, within=BY_TOKEN)
    async def token_rename(
        enrollment_token_id: FromPath[int], data: JSONBody[EnrollmentTokenUpdate]
    ) -> EnrollmentToken:
        """Call it something else; nothing else of a token can change."""
        return await database.write(lambda unit: tokens.rename(unit, enrollment_token_id, data.name))

    @delete(_TOKEN, permission=DELETE, audience=USER, within=BY_TOKEN)
    async def token_revoke(enrollment_token_id: FromPath[int]) -> None:
        """End a token; devices that came in by it stay."""
        await database.write(lambda unit: tokens.revoke(unit, enrollment_token_id))

    return [tokens_list, token_get, token_make, token_rename, token_revoke]


def setup_routes(api: EnrollApi, users: Users, launch_secret: str) -> Sequence[Route]:
    @post(SETUP_ENROLLMENT_TOKEN, permission=OPEN, audience=USER)
    async def setup_token(data: JSONBody[SetupEnrollmentToken]) -> EnrollmentTokenSecret:
        """A token for the account that runs the service, while there is no owner to ask."""
        if await users.has_owner():
            raise NotFoundError("There is nothing at this address.")
        if not hmac.compare_digest(launch_secret.encode(), data.secret.encode()):
            raise ForbiddenError("This is not the secret of the running service: read its file again.")
        return await api.make_token(data.wanted, None)

    return [setup_token]


def endpoint_routes(endpoint: Endpoint) -> Sequence[Route]:
    @get(AGENT_ENDPOINT, permission=VIEW, audience=USER, scoped=True)
    async def endpoint_get() -> AgentEndpoint:
        """Where agents reach the service. That has nothing to do with any device."""
        return await endpoint.view()

    @put(AGENT_ENDPOINT, permission=EDIT, audience=USER, step_up=True)
    async def endpoint_move(data: JSONBody[AgentEndpointUpdate]) -> AgentEndpoint:
        """Listen elsewhere; agents that are connected come back by themselves if they can reach it."""
        return await endpoint.move(data)

    return [endpoint_get, endpoint_move]
