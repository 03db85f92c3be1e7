"""Guesses of tokens, as fast as they can be sent."""

import asyncio
import secrets
import tracemalloc
from collections import Counter
from dataclasses import dataclass
from typing import Any

import httpx

from backend_lite.core.http.rate_limits import GUESSES, FailureLimit, GuessLimit
from tests.helpers.service import headers
from tests.security.site import Site

LARGEST_GROWTH_KB = 2048
KINDS = ("dfs_", "dfa_", "dfd_", "dfe_", "")
_AT_ONCE = 50


@dataclass
class Guessed:
    answers: Counter[int]
    grown_kb: int
    retry_after: set[str]


async def guessed(site: Site, times: int) -> Guessed:
    limit = FailureLimit(site.service.clock, GUESSES)
    app: Any = GuessLimit(site.service.app, limit)
    transport = httpx.ASGITransport(app=app)
    answers: Counter[int] = Counter()
    waits: set[str] = set()
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:1") as client:

        async def guess(number: int) -> None:
            token = KINDS[number % len(KINDS)] + secrets.token_urlsafe(32)
            answer = await client.get("/api/v1/devices", headers=headers(token))
            answers[answer.status_code] += 1
            waits.add(answer.headers.get("retry-after", ""))

        await _all(guess, _AT_ONCE)
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        await _all(guess, times, _AT_ONCE)
        grown = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        known = await client.get("/api/v1/devices", headers=site.owner)
    assert known.status_code == 200, "who has a good token is let in beside them"
    return Guessed(answers, grown >> 10, waits)


async def _all(guess: Any, until: int, start: int = 0) -> None:
    for first in range(start, until, _AT_ONCE):
        await asyncio.gather(*(guess(number) for number in range(first, min(first + _AT_ONCE, until))))
