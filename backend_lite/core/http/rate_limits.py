"""Who fails too often waits: failures are counted by address, and what succeeds costs nothing."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Any, cast

import msgspec
from litestar.types import ASGIApp, Receive, Scope, Send

from backend_lite.contract.common import Problem
from backend_lite.core.clock import Clock
from backend_lite.errors import TooFastError

PER_S = 60.0
GUESSES = 100
"""Refused credentials in PER_S: a window whose session has ended has dozens of calls under way."""
_KEYS = 10_000


class FailureLimit:
    """Counts in memory: a restart forgives, and the oldest keys are forgotten when there are many."""

    def __init__(self, clock: Clock, most: int, keys: int = _KEYS) -> None:
        self._clock = clock
        self._most = most
        self._keys = keys
        self._failures: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def check(self, key: str) -> None:
        """Raises TooFastError when `key` has failed too often."""
        since, count = self._of(key)
        if count >= self._most:
            wait = math.ceil(since + PER_S - self._clock.monotonic())
            raise TooFastError(f"Too many failed tries from this address. Try again in {wait} s.", wait)

    def failed(self, key: str) -> None:
        since, count = self._of(key)
        self._failures[key] = (since, count + 1)
        self._failures.move_to_end(key)
        while len(self._failures) > self._keys:
            self._failures.popitem(last=False)

    def _of(self, key: str) -> tuple[float, int]:
        """Since when, and how often."""
        now = self._clock.monotonic()
        since, count = self._failures.get(key, (now, 0))
        return (since, count) if now - since < PER_S else (now, 0)


class GuessLimit:
    """Around an app: whoever guesses credentials hears 429 instead of 401. Who has a good one is let in all
    the same: one program on this machine must not shut out the owner, nor one device all others behind
    its router."""

    def __init__(self, app: ASGIApp, limit: FailureLimit) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        told = cast("dict[str, Any]", scope)
        if told["type"] == "http":
            send = cast("Send", _Watched(told, send, self._limit))
        await self._app(scope, receive, send)


class _Watched:
    """The answer to one request, on its way out."""

    def __init__(self, scope: dict[str, Any], send: Send, limit: FailureLimit) -> None:
        # Without a bearer, a refusal is about a signed address or a secret in the body.
        bearer = any(name == b"authorization" for name, _ in scope["headers"])
        self._refusals = frozenset({401} if bearer else {401, 403})
        client = scope.get("client")
        self._address = str(client[0]) if client else ""
        self._send = send
        self._limit = limit
        self._replaced = False

    async def __call__(self, message: Any) -> None:
        if message["type"] == "http.response.start" and message["status"] in self._refusals:
            try:
                self._limit.check(self._address)
            except TooFastError as error:
                self._replaced = True
                await self._answer(error)
            self._limit.failed(self._address)
        if not self._replaced:
            await self._send(message)

    async def _answer(self, error: TooFastError) -> None:
        body = msgspec.json.encode(Problem(error.detail, error.code))
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"retry-after", str(error.retry_after).encode()),
        ]
        await self._send({"type": "http.response.start", "status": error.status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body, "more_body": False})
