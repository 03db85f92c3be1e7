"""Guesses of credentials open nothing, tell nothing, and keep nobody else out."""

import pytest

from tests.security.guessing import DOORS, LARGEST_GROWTH_KB, guessed
from tests.security.site import Site

pytestmark = pytest.mark.anyio

TIMES = 800
NOT_TELLING = 3.0
"""What begins like a good one takes as long as another, but for the noise of a busy machine: the medians are
printed by `python -m tests.security guesses`."""


async def test_guesses_hit_nothing_tell_nothing_and_keep_nobody_out(site: Site) -> None:
    seen = await guessed(site, TIMES)
    assert seen.tries == TIMES
    assert seen.opened == []
    assert seen.shut_out == []
    assert seen.answers.keys() == DOORS.keys()
    assert {name: len(told) for name, told in seen.told.items()} == dict.fromkeys(DOORS, 1)
    assert seen.waits > TIMES / 2
    assert seen.retry_after == {"", "60"}
    assert seen.grown_kb < LARGEST_GROWTH_KB
    assert seen.ratio < NOT_TELLING
