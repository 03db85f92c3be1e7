"""Guesses, and many who use one token at once."""

import asyncio

import msgspec
import pytest
from sqlalchemy import func, select

from backend_lite.core.http.rate_limits import GUESSES
from backend_lite.features.fleet.tables import DeviceRow
from tests.helpers.agents import Device
from tests.security.guessing import LARGEST_GROWTH_KB, guessed
from tests.security.site import ENROLL, Site

pytestmark = pytest.mark.anyio

TIMES = 400


async def test_guessed_tokens_hit_nothing_and_are_soon_told_to_wait(site: Site) -> None:
    seen = await guessed(site, TIMES)
    assert seen.answers == {401: GUESSES, 429: TIMES - GUESSES}
    assert seen.retry_after == {"", "60"}
    assert seen.grown_kb < LARGEST_GROWTH_KB


async def test_a_token_for_five_lets_five_in_however_many_come_at_once(site: Site) -> None:
    made = await site.post("/api/v1/enrollment-tokens", {"name": "five", "uses": 5, "auto_approve": True})
    before = await _devices(site)
    bodies = [msgspec.to_builtins(Device().enrolment(made["token"])) for _ in range(50)]
    answers = await asyncio.gather(*(site.service.client.post(ENROLL, json=body) for body in bodies))
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(200), statuses.count(401)) == (5, 45)
    assert await _devices(site) == before + 5


async def _devices(site: Site) -> int:
    count = select(func.count()).select_from(DeviceRow)
    return await site.service.kernel.database.read(lambda session: session.scalar(count) or 0)
