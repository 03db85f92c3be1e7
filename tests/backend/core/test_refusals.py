"""Strangers who were turned away stand in the log, and cannot fill it."""

from __future__ import annotations

from typing import Any

import pytest
import structlog

from backend_lite.contract.live import LIVE
from backend_lite.core.http.refusals import EVERY_S, MOST, Refusals
from backend_lite.core.security.principal import Principal
from tests.helpers.asgi_socket import AsgiSocket
from tests.helpers.clock import ManualClock
from tests.helpers.service import InProcess

pytestmark = pytest.mark.anyio


class Door:
    """An app that answers with the status in the path; what it was sent comes out as it went in."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.refusals = Refusals(self._app, self.clock)
        self.user: Principal | None = None

    async def _app(self, scope: Any, _receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            if self.user is not None:
                scope["user"] = self.user
            await send({"type": "http.response.start", "status": int(scope["path"][1:]), "headers": []})

    async def ask(self, path: str, address: str = "192.0.2.7", **more: Any) -> list[dict[str, Any]]:
        scope: Any = {"type": "http", "method": "GET", "path": path, "client": (address, 1), "headers": []}
        scope["query_string"] = b"code=not-to-be-logged"
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        with structlog.testing.capture_logs() as logged:
            await self.refusals(scope | more, None, send)  # type: ignore[arg-type]
        assert [one["status"] for one in sent] == ([int(path[1:])] if "type" not in more else [])
        return [dict(line) for line in logged]


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (401, "no good credential"),
        (403, "not allowed"),
        (421, "another host was asked for"),
        (429, "too many failed tries"),
    ],
)
async def test_who_is_turned_away_stands_in_the_log(status: int, why: str) -> None:
    (line,) = await Door().ask(f"/{status}")
    assert line == {
        "event": "refused",
        "log_level": "warning",
        "why": why,
        "address": "192.0.2.7",
        "method": "GET",
        "path": f"/{status}",
        "more_before": 0,
    }


@pytest.mark.parametrize("status", [200, 304, 404, 422, 500])
async def test_other_answers_do_not(status: int) -> None:
    assert await Door().ask(f"/{status}") == []


async def test_once_a_minute_for_an_address_with_how_often_it_was() -> None:
    door = Door()
    assert len(await door.ask("/401")) == 1
    for _ in range(5):
        assert await door.ask("/401") == []
    assert len(await door.ask("/401", "192.0.2.8")) == 1
    door.clock.advance(EVERY_S)
    assert [line["more_before"] for line in await door.ask("/401")] == [5]


async def test_many_addresses_do_not_fill_the_memory() -> None:
    door = Door()
    for number in range(MOST + 1):
        await door.ask("/401", f"192.0.2.{number}")
    assert len(await door.ask("/401", "192.0.2.0")) == 1
    assert await door.ask("/401", f"192.0.2.{MOST}") == []


async def test_a_person_s_refusal_is_the_audit_s_and_a_device_s_is_told_here() -> None:
    door = Door()
    door.user = Principal(1, "ada", 1, 0)
    assert await door.ask("/403") == []
    door.user = Principal(0, "pc-7", 1, 0, device_id=7)
    assert len(await door.ask("/403")) == 1


async def test_a_web_page_that_asks_for_a_channel_is_told() -> None:
    page: dict[str, Any] = {"type": "websocket", "headers": [(b"origin", b"https://evil.example")]}
    (line,) = await Door().ask("/401", **page)
    assert line["why"] == "a web page asked for a channel"
    assert await Door().ask("/401", type="websocket") == []


async def test_whoever_asks_again_and_again_does_not_fill_the_log(service: InProcess) -> None:
    with structlog.testing.capture_logs() as log:
        for wait_s in (0, 0, EVERY_S):
            service.clock.advance(wait_s)
            async with AsgiSocket(service.app, LIVE) as socket:
                await socket.send("hello")
                await socket.receive()
    assert [line["more_before"] for line in log] == [0, 1]
