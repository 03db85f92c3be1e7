"""What pages share, around the composed service in this process: its answers and its stream, no sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import msgspec
import pytest
import qasync

from backend_lite.contract.live import LIVE
from console.core.client import ApiClient
from console.core.live import LiveState, LiveStore
from console.core.session import Session
from console.shell.context import Context
from console.shell.navigator import Navigator
from console.shell.notices import Bug, Notice, Notices
from console.shell.op_runner import OpRunner
from console.shell.theme import theme
from console.shell.window_state import open_settings
from tests.backend.conftest import migrated, quick_passwords
from tests.backend.fleet.conftest import Fleet
from tests.backend.runs.site import Site
from tests.console.trips import Trips
from tests.helpers.asgi_socket import AsgiSocket
from tests.helpers.service import in_process
from tests.helpers.waiting import until

__all__ = ["RealContext", "migrated", "quick_passwords", "real", "real_context", "site", "trips"]


@dataclass
class RealContext:
    """`site` calls the service as its owner does; what was said to the person is kept."""

    context: Context
    site: Site
    notices: list[Notice] = field(default_factory=list)
    bugs: list[Bug] = field(default_factory=list)


@asynccontextmanager
async def real_context(folder: Path, migrated: Path) -> AsyncIterator[RealContext]:
    async with in_process(folder / "data", migrated) as service:
        owner = await service.sign_in()
        site = Site(Fleet(service, service.service.agent_app(), owner))
        token = owner["Authorization"].removeprefix("Bearer ")
        transport = httpx.ASGITransport(app=service.app)
        client, notices = ApiClient("http://127.0.0.1:1", token, transport), Notices()
        worn = theme()
        worn.apply("light")
        context = Context(
            client=client,
            live=LiveStore(client, connect=lambda _url: _stream(service.app)),
            ops=OpRunner(notices),
            navigator=Navigator(),
            notices=notices,
            theme=worn,
            settings=open_settings(folder / "window.ini"),
            session=Session(client),
        )
        made = RealContext(context, site)
        notices.noticed.connect(made.notices.append)
        notices.bug_found.connect(made.bugs.append)
        context.live.start()
        await until(lambda: context.live.state is LiveState.LIVE, "the live stream")
        try:
            yield made
        finally:
            await context.ops.stop()
            await context.live.stop()
            await client.aclose()
            await _stop(site)


async def _stop(site: Site) -> None:
    for feature in site.service.features:
        if feature.disconnect is not None:
            await feature.disconnect()
    for feature in site.service.features:
        if feature.stop is not None:
            await feature.stop()


@asynccontextmanager
async def _stream(app: object) -> AsyncIterator[_Stream]:
    async with AsgiSocket(app, LIVE) as socket:
        yield _Stream(socket)


class _Stream:
    def __init__(self, socket: AsgiSocket) -> None:
        self._socket = socket

    async def greet(self, hello: str, *, resuming: bool) -> None:
        await self._socket.send(hello)

    async def __aiter__(self) -> AsyncIterator[str]:
        while True:
            try:
                frame = await self._socket.receive()
            except TimeoutError:
                # Nothing may happen for longer than a test's socket waits for an answer.
                continue
            yield msgspec.json.encode(frame).decode()


@pytest.fixture
def real(
    loop: qasync.QEventLoop, tmp_path: Path, migrated: Path, quick_passwords: None
) -> Iterator[RealContext]:
    stack = AsyncExitStack()
    yield loop.run_until_complete(stack.enter_async_context(real_context(tmp_path, migrated)))
    loop.run_until_complete(stack.aclose())


@pytest.fixture
def trips(real: RealContext, monkeypatch: pytest.MonkeyPatch) -> Trips:
    return Trips(real, monkeypatch)


@pytest.fixture
def site(real: RealContext) -> Site:
    return real.site
