"""Guesses of tokens, as fast as they can be sent, at every door that takes one."""

from __future__ import annotations

import asyncio
import secrets
import statistics
import time
import tracemalloc
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec

from backend_lite.core.http.rate_limits import GUESSES, FailureLimit, GuessLimit
from backend_lite.features.access.tokens import TokenKind
from tests.helpers.agents import Device
from tests.helpers.service import headers
from tests.security.credentials import DEVICE, SDK, misplaced
from tests.security.site import ENROLL, REGISTER, Site

LARGEST_GROWTH_KB = 4096
_AT_ONCE = 50
_TIMED = 60
_HEARTBEAT = "/api/v1/agent/heartbeat"

Door = Callable[[httpx.AsyncClient, str], Awaitable[httpx.Response]]


@dataclass
class Guessed:
    """By door: how often it answered what. `told` are the answers' bodies, by door; `opened` the doors that
    a guess opened; `shut_out` who has a good credential and was refused beside the guesses. Times in
    microseconds: the median for guesses that begin as a good one does, and for others."""

    tries: int = 0
    answers: dict[str, Counter[int]] = field(default_factory=dict)
    told: dict[str, set[bytes]] = field(default_factory=dict)
    opened: list[str] = field(default_factory=list)
    shut_out: list[str] = field(default_factory=list)
    grown_kb: int = 0
    retry_after: set[str] = field(default_factory=set)
    near_us: float = 0
    far_us: float = 0

    @property
    def waits(self) -> int:
        return sum(counted[429] for counted in self.answers.values())

    @property
    def ratio(self) -> float:
        return max(self.near_us, self.far_us) / min(self.near_us, self.far_us)


def _bearer(path: str, method: str = "GET") -> Door:
    async def at(client: httpx.AsyncClient, secret: str) -> httpx.Response:
        body: Any = {"device_id": 1} if method == "POST" else None
        return await client.request(method, path, headers=headers(secret), json=body)

    return at


async def _enroll(client: httpx.AsyncClient, secret: str) -> httpx.Response:
    return await client.post(ENROLL, json=msgspec.to_builtins(_STRANGER.enrolment(secret)))


async def _register(client: httpx.AsyncClient, secret: str) -> httpx.Response:
    return await client.post(REGISTER, json={"hostname": "x", "enrollment_token": secret})


async def _sign_in_here(client: httpx.AsyncClient, secret: str) -> httpx.Response:
    return await client.post("/api/v1/auth/local", json={"secret": secret})


async def _fetch(client: httpx.AsyncClient, secret: str) -> httpx.Response:
    signature = secret.encode().hex().ljust(64, "0")[:64]
    query = f"expires=9999999999&for=1&signature={signature}"
    return await client.get(f"/api/v1/agent/files/{'ab' * 32}?{query}")


_STRANGER = Device()
DOORS: dict[str, tuple[str, Door]] = {
    "session": (TokenKind.SESSION.prefix, _bearer("/api/v1/devices")),
    "API token": (TokenKind.API.prefix, _bearer("/api/v1/devices")),
    "device secret": (TokenKind.DEVICE.prefix, _bearer(_HEARTBEAT, "POST")),
    "SDK token": (TokenKind.SDK.prefix, _bearer("/api/v1/devices")),
    "service token": (TokenKind.SERVICE.prefix, _bearer("/api/v1/devices")),
    "enrollment token": (TokenKind.ENROLLMENT.prefix, _enroll),
    "enrollment token, registering": (TokenKind.ENROLLMENT.prefix, _register),
    "launch secret": ("l", _sign_in_here),
    "signed address": ("", _fetch),
}


async def guessed(site: Site, times: int) -> Guessed:
    """`times` guesses over all doors: from one address, as fast as it goes, while people and devices with
    good credentials use them from the same address; and some from many, which nothing holds back."""
    seen = Guessed()
    good = await _good(site)
    await _differences(site, good, seen)
    await _from_one_address(site, times - seen.tries, good, seen)
    await _timing(site, good["session"], seen)
    return seen


async def _good(site: Site) -> dict[str, str]:
    elsewhere = await misplaced(site)
    return {
        "session": site.owner["Authorization"].removeprefix("Bearer "),
        "API token": site.api_token,
        "device secret": elsewhere[DEVICE],
        "SDK token": elsewhere[SDK],
        "enrollment token": site.enrollment_token,
        "enrollment token, registering": site.enrollment_token,
    }


def _guesses(door: str, good: str | None) -> Iterator[str]:
    """Random ones with the beginning that belongs there, and a good one with one character changed."""
    prefix = DOORS[door][0]
    while True:
        yield f"df{prefix}_{secrets.token_urlsafe(32)}"
        if good is not None:
            place = secrets.randbelow(len(good) - 4) + 4
            yield good[:place] + ("A" if good[place] != "A" else "B") + good[place + 1 :]


async def _differences(site: Site, good: dict[str, str], seen: Guessed) -> None:
    """Each from an address of its own."""
    number = 0
    for name, (_, door) in DOORS.items():
        guesses = _guesses(name, good.get(name))
        for _ in range(20):
            number += 1
            transport = httpx.ASGITransport(
                app=site.service.app, client=(f"10.0.{number >> 8}.{number & 255}", 1)
            )
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:1") as client:
                answer = await door(client, next(guesses))
            seen.tries += 1
            seen.told.setdefault(name, set()).add(answer.content)
            _judge(seen, name, answer)


async def _from_one_address(site: Site, times: int, good: dict[str, str], seen: Guessed) -> None:
    app: Any = GuessLimit(site.service.app, FailureLimit(site.service.clock, GUESSES))
    transport = httpx.ASGITransport(app=app)
    every = {name: _guesses(name, good.get(name)) for name in DOORS}
    names = list(DOORS)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:1") as client:

        async def guess(number: int) -> None:
            name = names[number % len(names)]
            answer = await DOORS[name][1](client, next(every[name]))
            seen.tries += 1
            seen.retry_after.add(answer.headers.get("retry-after", ""))
            _judge(seen, name, answer)

        async def all_of(first: int, last: int) -> None:
            for start in range(first, last, _AT_ONCE):
                await asyncio.gather(*(guess(number) for number in range(start, min(start + _AT_ONCE, last))))
                await _use(client, good, seen)

        # What is kept once is there before it is measured what is kept of each.
        await all_of(0, times // 4)
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        await all_of(times // 4, times)
        seen.grown_kb = (tracemalloc.get_traced_memory()[0] - before) >> 10
        tracemalloc.stop()


async def _use(client: httpx.AsyncClient, good: dict[str, str], seen: Guessed) -> None:
    """Those with good ones, beside the guesses."""
    for name in ("session", "API token"):
        answer = await client.get("/api/v1/devices", headers=headers(good[name]))
        if answer.status_code != 200:
            seen.shut_out.append(f"{name}: {answer.status_code}")
    answer = await client.post(_HEARTBEAT, headers=headers(good["device secret"]), json={"device_id": 2})
    if answer.status_code != 200:
        seen.shut_out.append(f"device secret: {answer.status_code}")


async def _timing(site: Site, good: str, seen: Guessed) -> None:
    """In turn, so that whatever else the machine does takes as long for both."""
    near: list[float] = []
    far: list[float] = []
    for number in range(_TIMED):
        changed = good[:-1] + ("A" if good[-1] != "A" else "B")
        guess = f"dfs_{secrets.token_urlsafe(32)}"
        for secret, taken in (
            ((changed, near), (guess, far)) if number % 2 else ((guess, far), (changed, near))
        ):
            began = time.perf_counter()
            await site.service.access.authenticator.authenticate(secret)
            taken.append((time.perf_counter() - began) * 1e6)
    seen.near_us, seen.far_us = (round(statistics.median(taken), 1) for taken in (near, far))


def _judge(seen: Guessed, name: str, answer: httpx.Response) -> None:
    seen.answers.setdefault(name, Counter())[answer.status_code] += 1
    if answer.status_code not in (401, 403, 429):
        seen.opened.append(f"{name}: {answer.status_code} {answer.text[:100]}")
