"""Every route of both listeners: whom it lets in, and that it lets nobody else in."""

import itertools
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest

from backend_lite.contract.rights import ALL_PERMISSIONS
from backend_lite.core.feature import Feature
from backend_lite.core.http.app import make_app
from backend_lite.core.http.guard import CHANNEL, MACHINE, OPEN, SIGNED, SIGNED_IN, USER
from backend_lite.core.http.live import live_route
from backend_lite.core.security.principal import AGENT_REPORT, Principal
from tests.helpers.service import InProcess, headers

pytestmark = pytest.mark.anyio

OPEN_ROUTES = {
    "GET /api/v1/health",
    "POST /api/tokens/api-login",
    "POST /api/sdk/auth/start",
    "GET /api/sdk/auth/status",
    "GET /api/v1/system/health",
    "GET /api/health",
    "POST /api/v1/auth/login",
    "POST /api/auth/login",
    "POST /token",
    "POST /api/v1/auth/local",
    "GET /api/auth/oidc/login",
    "POST /api/auth/oidc/login",
    "GET /api/auth/oidc/callback",
    "POST /api/auth/oidc/callback",
    "GET /api/v1/setup",
    "POST /api/v1/setup",
    "POST /api/v1/setup/enrollment-token",
    "POST /api/v1/enroll",
    "GET /api/v1/enroll/ca",
    "POST /api/v1/agent/register",
    "GET /api/v1/agent/heartbeat",
}
DOCUMENTED_NAMES = {"list", "verify"}
"""Documented beside /api/users/{username}: the fixed address comes first, and users of these names are found
in the lists only."""
OWN_CREDENTIAL = {"WS /api/v1/agent/channel", "WS /api/v1/live"}
SIGNED_ROUTES = {"GET /api/v1/agent/files/{sha256:str}", "HEAD /api/v1/agent/files/{sha256:str}"}
MACHINE_ROUTES = {
    "POST /api/v1/enroll",
    "GET /api/v1/enroll/ca",
    "WS /api/v1/agent/channel",
    "POST /api/v1/agent/register",
    "GET /api/v1/agent/heartbeat",
    "POST /api/v1/agent/heartbeat",
    "POST /api/v1/agent/actions/{action_id:int}/result",
    *SIGNED_ROUTES,
}


class RouteInfo(NamedTuple):
    method: str
    path: str
    permission: str | None
    audience: str | None

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def address(self) -> str:
        """A path of this route; its numbers name nothing that exists."""
        return re.sub(r"\{\w+:(\w+)\}", lambda kind: "7" if kind[1] == "int" else "x", self.path)


class Powerless:
    """Knows one token, whose holder may do nothing."""

    async def authenticate(self, token: str, *, used: bool = True) -> Principal | None:
        return Principal(1, "ada", 1, 0, frozenset()) if token == "powerless" else None


def routes_of(app: Any) -> Iterator[RouteInfo]:
    for route in app.routes:
        handlers = getattr(route, "route_handlers", None) or [route.route_handler]
        for handler in handlers:
            for method in getattr(handler, "http_methods", {"WS"}) - {"OPTIONS"}:
                yield RouteInfo(
                    method, route.path, handler.opt.get("permission"), handler.opt.get("audience")
                )


@pytest.fixture
def routes(service: InProcess) -> list[RouteInfo]:
    return list(routes_of(service.app))


@pytest.fixture
def guarded(routes: list[RouteInfo]) -> list[RouteInfo]:
    return [route for route in routes if route.permission not in (OPEN, CHANNEL, SIGNED)]


@pytest.fixture
def powerless(service: InProcess) -> httpx.AsyncClient:
    kernel = service.kernel
    live = Feature(name="live", routes=lambda: [live_route(kernel.live, Powerless(), kernel.clock)])
    app: Any = make_app([*service.features, live], Powerless(), kernel.within, machines_only=False)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1:1")


async def test_every_route_says_who_may_pass(routes: list[RouteInfo]) -> None:
    known = ALL_PERMISSIONS | {OPEN, SIGNED_IN, SIGNED, CHANNEL, AGENT_REPORT}
    assert [route for route in routes if route.permission not in known] == []
    assert [route for route in routes if route.audience not in (USER, MACHINE)] == []


async def test_the_open_routes_are_exactly_those_that_must_be(routes: list[RouteInfo]) -> None:
    assert {route.name for route in routes if route.permission == OPEN} == OPEN_ROUTES
    assert {route.name for route in routes if route.permission == CHANNEL} == OWN_CREDENTIAL
    assert {route.name for route in routes if route.permission == SIGNED} == SIGNED_ROUTES


async def test_the_listener_for_agents_has_only_what_machines_use(service: InProcess) -> None:
    app: Any = service.service.agent_app()
    assert {route.name for route in routes_of(app)} == MACHINE_ROUTES
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="https://127.0.0.1:1") as client:
        owner = await service.sign_in()
        for route in routes_of(service.app):
            if route.name not in MACHINE_ROUTES and route.method != "WS":
                answer = await client.request(route.method, route.address, headers=owner)
                assert answer.status_code == 404, route.name


async def test_without_a_credential_nothing_opens(service: InProcess, guarded: list[RouteInfo]) -> None:
    for route in guarded:
        for path in (route.address, route.address + "/"):
            answer = await service.client.request(route.method, path)
            assert answer.status_code == 401, route.name
            assert answer.headers["WWW-Authenticate"] == "Bearer"
            assert route.method == "HEAD" or answer.json()["detail"] == "Not authenticated"


async def test_with_a_wrong_credential_nothing_opens(service: InProcess, guarded: list[RouteInfo]) -> None:
    enrollment = await service.feature("enroll").api.make_token(_enrollment(), None)
    for wrong in ("guessed", enrollment.token):
        for route in guarded:
            answer = await service.client.request(route.method, route.address, headers=headers(wrong))
            assert answer.status_code == 401, route.name


async def test_where_the_address_is_the_credential_no_other_opens(service: InProcess) -> None:
    owner = await service.sign_in()
    for route in routes_of(service.app):
        if route.permission == SIGNED:
            for sent in ({}, owner):
                answer = await service.client.request(route.method, route.address, headers=sent)
                assert answer.status_code == 401, route.name
            answer = await service.client.request(route.method, f"{route.address}?signature=x", headers=owner)
            assert answer.status_code == 403, route.name


async def test_without_the_right_nothing_opens(
    powerless: httpx.AsyncClient, guarded: list[RouteInfo]
) -> None:
    for route in guarded:
        if route.permission == SIGNED_IN:
            continue
        answer = await powerless.request(route.method, route.address, headers=headers("powerless"))
        assert answer.status_code == 403, route.name
        if route.method == "HEAD":
            continue
        told = answer.json()
        assert told["detail"] == f"You do not have the right {route.permission}."
        assert told["code"] == "forbidden"


async def test_the_owner_gets_past_the_door_of_every_route(
    service: InProcess, guarded: list[RouteInfo]
) -> None:
    owner = await service.sign_in()
    for route in sorted(guarded, key=lambda route: "logout" in route.path):
        if route.permission == AGENT_REPORT:
            continue
        answer = await service.client.request(route.method, route.address, headers=owner)
        assert answer.status_code in (200, 201, 204, 400, 404, 409, 422), (route.name, answer.text)


async def test_asking_for_the_options_of_a_route_tells_a_stranger_nothing(
    service: InProcess, guarded: list[RouteInfo]
) -> None:
    for route in guarded:
        assert (await service.client.options(route.address)).status_code == 401


async def test_no_route_hides_another(routes: list[RouteInfo]) -> None:
    """A fixed segment that is a value of another route's parameter would be a matter of order."""
    names = [re.sub(r"\{\w+:(\w+)\}", r"{\1}", route.name) for route in routes]
    assert sorted(names) == sorted(set(names))
    addresses = sorted(tuple(re.split(r"[ /]", name)) for name in names)
    for one, other in itertools.combinations(addresses, 2):
        if len(one) == len(other) and not {one[-1], other[-1]} & DOCUMENTED_NAMES:
            pairs = list(zip(one, other, strict=True))
            assert any(_never_both(*pair) for pair in pairs), (one, other)


def _never_both(one: str, other: str) -> bool:
    """No segment of an address can be meant by both."""
    if "{int}" in (one, other):
        fixed = other if one == "{int}" else one
        return not fixed.startswith("{") and not fixed.isdecimal()
    return one != other and "{" not in one[:1] + other[:1]


def _enrollment() -> Any:
    from backend_lite.contract.enroll import EnrollmentTokenCreate

    return EnrollmentTokenCreate()
