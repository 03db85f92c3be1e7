"""How long the agent waits before it tries again."""

from __future__ import annotations

import itertools
import random

from hypothesis import given
from hypothesis import strategies as st

from agent.backoff import CALM_S, LONGEST_S, WIDEST_SPREAD_S, Backoff


@given(st.randoms(use_true_random=False), st.integers(1, 200))
def test_the_first_wait_is_within_a_second_and_none_is_above_a_minute(
    source: random.Random, tries: int
) -> None:
    backoff = Backoff(source.uniform)
    waits = [backoff.next_wait() for _ in range(tries)]
    assert 0 <= waits[0] <= 1
    assert all(0 <= wait <= min(LONGEST_S, 2.0**n) for n, wait in enumerate(waits))


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=50))
def test_a_connection_that_held_for_a_minute_starts_again(held: list[float]) -> None:
    backoff = Backoff(lambda low, high: high)
    failures = 0
    for seconds in held:
        failures = 0 if seconds >= 60 else failures
        assert backoff.next_wait(seconds) == min(LONGEST_S, 2.0**failures)
        failures += 1


@given(st.randoms(use_true_random=False))
def test_an_unwelcome_device_stays_calm(source: random.Random) -> None:
    assert CALM_S / 2 <= Backoff(source.uniform).calm_wait() <= CALM_S


def test_a_thousand_agents_do_not_come_back_together() -> None:
    source = random.Random(1)  # noqa: S311
    waits = sorted(Backoff(source.uniform).next_wait() for _ in range(1000))
    assert max(later - earlier for earlier, later in itertools.pairwise(waits)) < 0.05


@given(st.randoms(use_true_random=False), st.floats(0, 10_000))
def test_the_service_may_spread_the_next_return_and_only_that(source: random.Random, seconds: float) -> None:
    backoff = Backoff(source.uniform)
    backoff.spread(seconds)
    assert 0 <= backoff.next_wait(1000.0) <= max(1.0, min(seconds, WIDEST_SPREAD_S))
    assert backoff.next_wait() <= 2.0


def test_a_spread_return_is_spread_evenly() -> None:
    source = random.Random(1)  # noqa: S311
    waits = []
    for _ in range(3000):
        backoff = Backoff(source.uniform)
        backoff.spread(15.0)
        waits.append(backoff.next_wait(1000.0))
    per_second = [sum(second <= wait < second + 1 for wait in waits) for second in range(15)]
    assert all(150 <= number <= 250 for number in per_second)
