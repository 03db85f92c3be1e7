"""A credential of the wrong kind opens nothing, at any address."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from backend_lite.core.clock import SystemClock
from backend_lite.core.http.guard import CHANNEL, OPEN, SIGNED, SIGNED_IN
from backend_lite.core.http.signed_urls import SignedUrls
from backend_lite.core.security.principal import AGENT_REPORT
from tests.helpers.service import LAUNCH_SECRET, headers
from tests.security.site import Site

pytestmark = pytest.mark.anyio

Guarded = tuple[str, str, str]


def guarded(site: Site) -> Iterator[Guarded]:
    """Method, address and permission of every route that a bearer opens."""
    for route in site.service.app.routes:
        for handler in getattr(route, "route_handlers", ()):
            permission = handler.opt.get("permission")
            if permission in (OPEN, CHANNEL, SIGNED, None):
                continue
            for method in handler.http_methods - {"OPTIONS"}:
                yield method, re.sub(r"\{[^}]*\}", "1", route.path), permission


async def refused(site: Site, bearer: str | None, route: Guarded, query: str = "") -> int:
    method, path, _ = route
    sent = headers(bearer) if bearer is not None else {}
    body: Any = {} if method in ("POST", "PUT", "PATCH") else None
    answer = await site.service.client.request(method, path + query, headers=sent, json=body)
    return answer.status_code


async def test_what_is_no_bearer_opens_nothing(site: Site) -> None:
    signed = SignedUrls(b"k" * 32, SystemClock()).sign("/api/v1/agent/files/x", 60, "1")
    wrong = [
        site.enrollment_token,
        LAUNCH_SECRET,
        "",
        " ",
        "null",
        site.owner["Authorization"],
        "dfs_",
        "\x7f",
    ]
    for route in guarded(site):
        for bearer in wrong:
            assert await refused(site, bearer, route) == 401, (route, bearer)
        assert await refused(site, None, route) == 401, route
        assert await refused(site, None, route, "?" + signed.partition("?")[2]) == 401, route
        assert await refused(site, None, route, "?access_token=" + site.api_token) == 401, route


async def test_a_device_opens_the_calls_of_devices_and_no_other(site: Site) -> None:
    for route in guarded(site):
        status = await refused(site, site.device_secret, route)
        if route[2] == AGENT_REPORT:
            assert status not in (401, 403), route
        else:
            assert status in (401, 403), route


async def test_a_session_reports_for_no_device(site: Site) -> None:
    session = site.owner["Authorization"].removeprefix("Bearer ")
    reports = [route for route in guarded(site) if route[2] == AGENT_REPORT]
    assert reports
    for route in reports:
        assert await refused(site, session, route) == 403, route


async def test_an_api_token_opens_what_it_was_made_for(site: Site) -> None:
    for route in guarded(site):
        if route[2] not in ("devices:view", SIGNED_IN):
            assert await refused(site, site.api_token, route) == 403, route


async def test_a_bearer_opens_no_signed_address(site: Site) -> None:
    path = f"/api/v1/agent/files/{'ab' * 32}"
    for bearer in (site.owner["Authorization"], site.device_secret, site.api_token):
        answer = await site.service.client.get(path, headers={"Authorization": f"Bearer {bearer}"})
        assert answer.status_code == 401
