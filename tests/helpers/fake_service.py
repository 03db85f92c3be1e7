"""A service for tests of the window, without a socket: answers to requests, and a live stream by hand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec

from console.core.live_socket import StreamBroken

Answer = tuple[int, Any]
Handler = Callable[[httpx.Request], Answer]


@dataclass
class FakeApi:
    """`answers["GET /path"]` is a (status, JSON) or a function of the request; anything else is a 404.

    With `gone` nothing answers. `requests` are all that came, in order.
    """

    answers: dict[str, Answer | Handler] = field(default_factory=dict)
    requests: list[httpx.Request] = field(default_factory=list)
    gone: bool = False
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def calls(self) -> list[str]:
        return [f"{request.method} {request.url.path}" for request in self.requests]

    def body(self, call: str) -> Any:
        """The JSON of the last such call."""
        found = [r for r in self.requests if f"{r.method} {r.url.path}" == call]
        return json.loads(found[-1].content)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.gone:
            raise httpx.ConnectError("refused")
        known = self.answers.get(f"{request.method} {request.url.path}")
        if known is None:
            return httpx.Response(
                404, json={"detail": "There is nothing at this address.", "code": "not_found"}
            )
        status, body = known(request) if callable(known) else known
        if isinstance(body, bytes):
            return httpx.Response(status, content=body, headers=self.headers)
        return httpx.Response(status, content=msgspec.json.encode(body), headers=self.headers)


@dataclass
class FakeLive:
    """The other end of the live stream. `hellos` are the first frames of the connections so far."""

    hellos: list[dict[str, Any]] = field(default_factory=list)
    refuse_connections: bool = False
    _frames: asyncio.Queue[dict[str, Any] | Exception | None] = field(default_factory=asyncio.Queue)

    def snapshot(self, seq: int, **kinds: list[dict[str, Any]]) -> None:
        self._frames.put_nowait({"seq": seq, "snapshot": kinds})

    def change(self, seq: int, kind: str, object_id: int, change: dict[str, Any] | None) -> None:
        self._frames.put_nowait({"seq": seq, "kind": kind, "id": object_id, "change": change})

    def problem(self, detail: str) -> None:
        self._frames.put_nowait({"detail": detail, "code": "unauthorized"})

    def cut(self) -> None:
        self._frames.put_nowait(StreamBroken("cut"))

    @asynccontextmanager
    async def connect(self, _url: str) -> AsyncIterator[_FakeStream]:
        if self.refuse_connections:
            raise StreamBroken("refused")
        yield _FakeStream(self)

    async def next_frame(self) -> str:
        frame = await self._frames.get()
        if isinstance(frame, Exception):
            raise frame
        return json.dumps(frame)


@dataclass
class _FakeStream:
    live: FakeLive

    async def greet(self, hello: str, *, resuming: bool) -> None:
        self.live.hellos.append(json.loads(hello))
        await asyncio.sleep(0)

    async def __aiter__(self) -> AsyncIterator[str]:
        while True:
            yield await self.live.next_frame()
