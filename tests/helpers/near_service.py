"""The window's parts around the real service, both in this process and without sockets.

A test takes the fixtures by importing them; `open_window` needs `loop`, since the live stream runs in it.
It follows what the service did by waiting for the live objects, as a person does.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import qasync

from backend_lite.contract.access import User
from console.core.client import ApiClient
from console.core.live import LiveState, LiveStore
from console.core.live_socket import Stream
from console.core.session import Session
from console.shell.context import Context
from console.shell.navigator import Navigator
from console.shell.notices import Bug, Notice, Notices
from console.shell.op_runner import OpRunner
from console.shell.theme import theme
from console.shell.window_state import open_settings
from tests.backend.conftest import migrated, quick_passwords
from tests.helpers.asgi_socket import AsgiSocket
from tests.helpers.service import OWNER, InProcess, in_process
from tests.helpers.waiting import until

__all__ = ["NearService", "migrated", "near", "open_window", "quick_passwords"]

_URL = "http://127.0.0.1:1"


@dataclass
class NearService:
    """`context` is signed in as the owner and live; `service` is what it talks to. `forbidden` are the
    requests that it refused for want of a right."""

    context: Context
    service: InProcess
    notices: list[Notice] = field(default_factory=list)
    bugs: list[Bug] = field(default_factory=list)
    forbidden: list[str] = field(default_factory=list)

    def known(self, kind: str) -> list[dict[str, Any]]:
        """What the live stream told of that kind."""
        return list(self.context.live.kind(kind).values())


@asynccontextmanager
async def open_window(folder: Path, migrated: Path) -> AsyncIterator[NearService]:
    """`migrated` is an empty database of the current schema."""
    async with in_process(folder / "data", migrated) as service:
        signed_in = await service.sign_in()
        token = signed_in["Authorization"].removeprefix("Bearer ")
        transport = _Watched(app=service.app)
        client = ApiClient(_URL, token, transport)
        notices = Notices()
        worn = theme()
        worn.apply("light")
        context = Context(
            client=client,
            live=LiveStore(client, delay=lambda _attempt: 0.0, connect=_connect_to(service.app)),
            ops=OpRunner(notices),
            navigator=Navigator(),
            notices=notices,
            theme=worn,
            settings=open_settings(folder / "window.ini"),
            session=Session(client),
        )
        context.session.user = User("1", OWNER, None, None, True, "2026-03-01T08:00:00.000Z", None)
        near = NearService(context, service, forbidden=transport.forbidden)
        notices.noticed.connect(near.notices.append)
        notices.bug_found.connect(near.bugs.append)
        context.live.start()
        try:
            await until(lambda: context.live.state is LiveState.LIVE, "the live stream")
            yield near
        finally:
            await context.ops.stop()
            await context.live.stop()
            await context.rights.stop()
            await client.aclose()


@pytest.fixture
def near(
    loop: qasync.QEventLoop, tmp_path: Path, migrated: Path, quick_passwords: None
) -> Iterator[NearService]:
    stack = AsyncExitStack()
    made = loop.run_until_complete(stack.enter_async_context(open_window(tmp_path, migrated)))
    yield made
    loop.run_until_complete(stack.aclose())
    assert made.bugs == []


def _connect_to(app: Any) -> Callable[[str], AbstractAsyncContextManager[Stream]]:
    @asynccontextmanager
    async def connect(url: str) -> AsyncIterator[Stream]:
        async with AsgiSocket(app, httpx.URL(url).path) as socket:
            yield _NearStream(socket)

    return connect


class _Watched(httpx.ASGITransport):
    def __init__(self, app: Any) -> None:
        super().__init__(app)
        self.forbidden: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await super().handle_async_request(request)
        if answer.status_code == 403:
            self.forbidden.append(f"{request.method} {request.url.path}")
        return answer


class _NearStream:
    def __init__(self, socket: AsgiSocket) -> None:
        self._socket = socket

    async def greet(self, hello: str, *, resuming: bool) -> None:
        await self._socket.send(hello)
        if resuming:
            await asyncio.sleep(0)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            # Nothing to say for a while is no reason to give up.
            with contextlib.suppress(TimeoutError):
                yield msgspec.json.encode(await self._socket.receive())
