"""The admin listener's app in parts: from outside it is one, and each part is made when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from litestar import Litestar, Request, get, post
from litestar.datastructures import State
from litestar.params import FromPath

from backend_lite.core.feature import Route
from backend_lite.core.http.parts import AppInParts

pytestmark = pytest.mark.anyio

USERS, DEVICES = "/api/v1/users", "/api/v1/devices"


class Made:
    """`parts` are how many addresses each app that was built has."""

    def __init__(self) -> None:
        self.parts: list[int] = []
        self.app = AppInParts(self._routes, self._build, State({"said": "hello"}))

    def _routes(self) -> list[Route]:
        @get(USERS)
        async def users(request: Request[Any, Any, Any]) -> str:
            return str(request.app.state["said"])

        @post(USERS)
        async def add_user() -> str:
            return "added"

        @get([f"{DEVICES}/{{device_id:int}}", "/devices/{device_id:int}"])
        async def device(device_id: FromPath[int]) -> str:
            return f"device {device_id}"

        @get("/everything", whole=True)
        async def everything(request: Request[Any, Any, Any]) -> int:
            return len(request.app.routes)

        return [users, add_user, device, everything]

    def _build(self, routes: Sequence[Route]) -> Litestar:
        self.parts.append(len(routes))
        return Litestar(routes, state=self.app.state, openapi_config=None, logging_config=None)

    async def ask(self, path: str, method: str = "GET") -> httpx.Response:
        return await _ask(self.app, path, method)


async def _ask(app: Any, path: str, method: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:1") as client:
        return await client.request(method, path)


async def test_a_part_is_made_once_and_when_it_is_asked_for() -> None:
    made = Made()
    assert made.parts == []
    assert (await made.ask(USERS)).text == "hello"
    assert (await made.ask(USERS, "POST")).text == "added"
    assert made.parts == [2]
    assert (await made.ask(f"{DEVICES}/7")).text == "device 7"
    assert made.parts == [2, 1]


async def test_an_address_with_two_names_is_found_by_both() -> None:
    made = Made()
    assert (await made.ask("/devices/7")).text == (await made.ask(f"{DEVICES}/7")).text == "device 7"


@pytest.mark.parametrize(
    "path",
    [USERS, f"{USERS}/", f"/{USERS}//", f"{USERS}/x", f"{DEVICES}/x", "/", "/api", "/api/v1", "/x/y/z"],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS"])
async def test_it_answers_as_the_whole_would(path: str, method: str) -> None:
    made = Made()
    answer, whole = await made.ask(path, method), await _ask(made.app.whole, path, method)
    assert (answer.status_code, answer.text) == (whole.status_code, whole.text)
    assert {name.strip() for name in answer.headers.get("Allow", "").split(",")} == {
        name.strip() for name in whole.headers.get("Allow", "").split(",")
    }


async def test_addresses_that_nobody_has_make_one_app() -> None:
    made = Made()
    for n in range(20):
        assert (await made.ask(f"/nothing/at{n}")).status_code == 404
    assert made.parts == [0]


async def test_who_wants_the_whole_gets_it() -> None:
    made = Made()
    assert int((await made.ask("/everything")).text) == len(made.app.routes) == 4
    assert made.parts == [4]


async def test_what_all_share_can_be_exchanged_at_any_time() -> None:
    made = Made()
    await made.ask(USERS)
    made.app.state["said"] = "goodbye"
    assert (await made.ask(USERS)).text == "goodbye"


def test_an_area_whose_address_is_not_fixed_is_refused() -> None:
    @get("/api/v1/{name:str}")
    async def any_of_them(name: FromPath[str]) -> str:
        return name

    with pytest.raises(ValueError, match="the same for everybody"):
        AppInParts(lambda: [any_of_them], Litestar, State())
