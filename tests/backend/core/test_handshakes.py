"""Connections that never finish their TLS handshake, over real sockets and on the loop of the service."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from backend_lite.app import _loop_factory
from backend_lite.core.http import handshakes
from backend_lite.core.http.door import Door
from backend_lite.core.http.listener import Listener, bind
from backend_lite.core.security.ca import ServiceIdentity, open_identity

pytestmark = [pytest.mark.anyio, pytest.mark.sockets]

LOOPS = {"asyncio": asyncio.new_event_loop, "service": _loop_factory()}
DEADLINE_S = 10
MOST = 3
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture(params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    return "asyncio", {"loop_factory": LOOPS[request.param]}


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> ServiceIdentity:
    return open_identity(tmp_path_factory.mktemp("keys"), {"127.0.0.1"})


async def _app(scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["client"][0].encode(), "more_body": False})


class Site:
    def __init__(self, listener: Listener, identity: ServiceIdentity) -> None:
        self._port = listener.port
        self._trust = ssl.create_default_context(cadata=identity.ca_pem)
        self.opened: list[asyncio.StreamWriter] = []

    async def dial(self, *, secure: bool) -> Streams:
        async with asyncio.timeout(DEADLINE_S):
            streams = await asyncio.open_connection(
                "127.0.0.1", self._port, ssl=self._trust if secure else None
            )
        self.opened.append(streams[1])
        return streams

    async def is_let_in(self) -> bool:
        """Whether it is answered, as who it is."""
        try:
            reader, writer = await self.dial(secure=True)
            async with asyncio.timeout(DEADLINE_S):
                writer.write(GET)
                return (await reader.readuntil(b"127.0.0.1")).startswith(b"HTTP/1.1 200")
        except (OSError, asyncio.IncompleteReadError):
            return False


@asynccontextmanager
async def listening(identity: ServiceIdentity, door: Door) -> AsyncIterator[Site]:
    listener = Listener(_app, [bind("127.0.0.1", 0)], identity.ssl_context, door=door)
    await listener.start()
    site = Site(listener, identity)
    try:
        yield site
    finally:
        for writer in site.opened:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for writer in site.opened), return_exceptions=True)
        await listener.stop()


async def is_cut(streams: Streams) -> bool:
    async with asyncio.timeout(DEADLINE_S):
        with contextlib.suppress(ConnectionError):
            return await streams[0].read(1) == b""
    return True


async def test_so_many_of_an_address_are_silent_and_no_more(identity: ServiceIdentity) -> None:
    async with listening(identity, Door(handshakes=MOST)) as site:
        silent = [await site.dial(secure=False) for _ in range(MOST)]
        assert await is_cut(await site.dial(secure=False))
        assert not await site.is_let_in()
        silent[0][1].close()
        async with asyncio.timeout(DEADLINE_S):
            while not await site.is_let_in():
                pass


async def test_who_has_shaken_hands_takes_no_room_of_them(identity: ServiceIdentity) -> None:
    async with listening(identity, Door(handshakes=1)) as site:
        for _ in range(3):
            assert await site.is_let_in()


@pytest.mark.parametrize("said", [b"", b"\x16\x03\x01\x02"])
async def test_who_does_not_shake_hands_is_let_go(
    identity: ServiceIdentity, said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handshakes, "REQUEST_S", 0.05)
    async with listening(identity, Door(handshakes=1)) as site:
        streams = await site.dial(secure=False)
        streams[1].write(said)
        assert await is_cut(streams)
        monkeypatch.undo()
        async with asyncio.timeout(DEADLINE_S):
            while not await site.is_let_in():
                pass


async def test_what_is_no_tls_is_cut_and_leaves_its_place(identity: ServiceIdentity) -> None:
    async with listening(identity, Door(handshakes=1)) as site:
        for _ in range(2):
            streams = await site.dial(secure=False)
            streams[1].write(GET)
            assert await is_cut(streams)
        async with asyncio.timeout(DEADLINE_S):
            while not await site.is_let_in():
                pass


async def test_a_connection_that_cannot_be_accepted_ends_nothing(
    identity: ServiceIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handshakes, "_BREATH_S", 0)
    failures = [OSError(24, "Too many open files")] * 2
    accept = handshakes.accepted

    async def failing(bound: socket.socket) -> tuple[socket.socket, str]:
        if failures:
            raise failures.pop()
        return await accept(bound)

    monkeypatch.setattr(handshakes, "accepted", failing)
    async with listening(identity, Door()) as site:
        assert await site.is_let_in()
    assert failures == []


async def test_it_stops_while_somebody_is_silent_and_its_port_is_free(identity: ServiceIdentity) -> None:
    listener = Listener(_app, [bind("127.0.0.1", 0)], identity.ssl_context, door=Door())
    await listener.start()
    streams = await asyncio.open_connection("127.0.0.1", listener.port)
    port = listener.port
    async with asyncio.timeout(DEADLINE_S):
        await listener.stop()
    bind("127.0.0.1", port).close()
    streams[1].close()
    with contextlib.suppress(ConnectionError):
        await streams[1].wait_closed()
