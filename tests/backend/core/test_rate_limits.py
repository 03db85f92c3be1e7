"""Counting failures by address."""

from typing import Any

import httpx
import pytest

from backend_lite.core.http.rate_limits import PER_S, FailureLimit, GuessLimit
from backend_lite.errors import TooFastError
from tests.helpers.clock import ManualClock

FAILURES = 20


def limit_of(clock: ManualClock, keys: int = 100) -> FailureLimit:
    return FailureLimit(clock, FAILURES, keys)


def fail(one: FailureLimit, address: str, times: int) -> None:
    for _ in range(times):
        one.check(address)
        one.failed(address)


def test_the_next_try_waits_until_the_window_is_over() -> None:
    clock = ManualClock()
    one = limit_of(clock)
    fail(one, "a", FAILURES)
    clock.advance(PER_S - 7.5)
    with pytest.raises(TooFastError) as refused:
        one.check("a")
    assert refused.value.retry_after == 8
    one.check("b")
    clock.advance(8)
    fail(one, "a", FAILURES)


def test_a_wall_clock_that_is_set_changes_nothing() -> None:
    clock = ManualClock()
    one = limit_of(clock)
    fail(one, "a", FAILURES)
    clock.set_wall(0)
    with pytest.raises(TooFastError):
        one.check("a")


def test_many_addresses_do_not_fill_the_memory() -> None:
    one = limit_of(ManualClock(), keys=3)
    fail(one, "a", FAILURES)
    for other in "bc":
        fail(one, other, FAILURES)
    with pytest.raises(TooFastError):
        one.check("a")
    fail(one, "d", 1)
    one.check("a")


class Doorman:
    """An app that knows one bearer, answers /signed with 403, and everything else of nobody with 401."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self._app: Any = GuessLimit(self._answer, limit_of(self.clock))

    async def call(
        self, path: str = "/", bearer: str | None = None, address: str = "10.0.0.5"
    ) -> httpx.Response:
        transport = httpx.ASGITransport(app=self._app, client=(address, 1))
        headers = {"Authorization": bearer} if bearer else {}
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.get(path, headers=headers)

    async def _answer(self, scope: Any, _receive: Any, send: Any) -> None:
        known = (b"authorization", b"good") in scope["headers"]
        status = 200 if known and scope["path"] == "/" else 403 if "signed" in scope["path"] else 401
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"in", "more_body": True})
        await send({"type": "http.response.body", "body": b"side", "more_body": False})


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/", "/signed"])
async def test_who_guesses_is_told_to_wait_and_who_knows_is_let_in(path: str) -> None:
    door = Doorman()
    first = [(await door.call(path)).status_code for _ in range(FAILURES)]
    assert set(first) == {403 if path == "/signed" else 401}
    late = await door.call(path)
    assert (late.status_code, late.headers["retry-after"]) == (429, "60")
    assert late.json()["code"] == "too_fast"
    assert (await door.call(bearer="good")).text == "inside"
    assert (await door.call(path, address="10.0.0.6")).status_code in (401, 403)
    door.clock.advance(PER_S)
    assert (await door.call(path)).status_code in (401, 403)


@pytest.mark.anyio
async def test_a_right_that_is_missing_is_no_guess() -> None:
    door = Doorman()
    answers = {(await door.call("/signed", bearer="good")).status_code for _ in range(FAILURES + 5)}
    assert answers == {403}
