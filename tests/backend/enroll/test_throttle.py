"""Counting failures by address."""

import pytest

from backend_lite.errors import TooFastError
from backend_lite.features.enroll import throttle
from backend_lite.features.enroll.throttle import FAILURES, PER_S, Throttle
from tests.helpers.clock import ManualClock


def fail(one: Throttle, address: str, times: int) -> None:
    for _ in range(times):
        one.check(address)
        one.failed(address)


def test_the_next_try_waits_until_the_window_is_over() -> None:
    clock = ManualClock()
    one = Throttle(clock)
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
    one = Throttle(clock)
    fail(one, "a", FAILURES)
    clock.set_wall(0)
    with pytest.raises(TooFastError):
        one.check("a")


def test_many_addresses_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "_ADDRESSES", 3)
    one = Throttle(ManualClock())
    fail(one, "a", FAILURES)
    for other in "bc":
        fail(one, other, FAILURES)
    with pytest.raises(TooFastError):
        one.check("a")
    fail(one, "d", 1)
    one.check("a")
