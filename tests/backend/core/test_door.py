"""Connections that ask for nothing, over real sockets."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from backend_lite.core.http import door as door_module
from backend_lite.core.http.door import Door
from backend_lite.core.http.listener import Listener, bind
from backend_lite.core.http.websocket import SocketClosed, accept

pytestmark = [pytest.mark.anyio, pytest.mark.sockets]

DEADLINE_S = 10
MOST = 3
SITE = 1_000
HELLO = b"\x81\x85\0\0\0\0hello"
"""A frame of text, masked with zeros."""
WELCOME = b"\x81\x07welcome"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Dial = Callable[[], Awaitable[Streams]]


async def _app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        socket = await accept(scope, receive, send)
        assert socket is not None
        with contextlib.suppress(SocketClosed):
            await socket.receive()
            socket.let_in()
            await socket.send_text("welcome")
            await socket.receive()
        return
    if scope["path"] == "/busy":
        await asyncio.sleep(5 * door_module.BODY_S)
    while scope["method"] == "POST" and (await receive())["more_body"]:
        pass
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


@asynccontextmanager
async def listening(door: Door | None = None) -> AsyncIterator[Dial]:
    listener = Listener(_app, [bind("127.0.0.1", 0)], door=door or Door(MOST))
    await listener.start()
    opened: list[asyncio.StreamWriter] = []

    async def dial() -> Streams:
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        opened.append(writer)
        return reader, writer

    try:
        yield dial
    finally:
        for writer in opened:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for writer in opened), return_exceptions=True)
        await listener.stop()


async def heard(streams: Streams, said: bytes = b"") -> bytes:
    """What comes back at once or last; nothing where the connection is cut."""
    reader, writer = streams
    async with asyncio.timeout(DEADLINE_S):
        try:
            writer.write(said)
            return await reader.read(1 << 16)
        except ConnectionError:
            return b""


GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


async def test_an_address_holds_so_many_connections_and_no_more() -> None:
    async with listening() as dial:
        inside = [await dial() for _ in range(MOST)]
        for streams in inside:
            assert (await heard(streams, GET)).startswith(b"HTTP/1.1 204")
        assert await heard(await dial(), GET) == b""
        inside[0][1].close()
        await inside[0][1].wait_closed()
        async with asyncio.timeout(DEADLINE_S):
            while not await heard(await dial(), GET):
                pass


async def test_channels_take_up_no_room_of_connections() -> None:
    async with listening() as dial:
        for _ in range(MOST + 2):
            assert (await heard(await dial(), UPGRADE)).startswith(b"HTTP/1.1 101")


async def test_so_many_channels_of_an_address_are_silent_and_no_more() -> None:
    async with listening(Door(strangers=MOST)) as dial:
        silent = [await dial() for _ in range(MOST)]
        for streams in silent:
            assert (await heard(streams, UPGRADE)).startswith(b"HTTP/1.1 101")
        assert await heard(await dial(), UPGRADE) == b""
        assert (await heard(await dial(), GET)).startswith(b"HTTP/1.1 204")
        silent[0][1].close()
        await silent[0][1].wait_closed()
        async with asyncio.timeout(DEADLINE_S):
            while not await heard(await dial(), UPGRADE):
                pass


async def test_who_was_let_in_or_was_no_channel_takes_no_room_of_strangers() -> None:
    async with listening(Door(strangers=1)) as dial:
        for _ in range(3):
            await greeted(await dial())
        nonsense = UPGRADE.replace(b"Version: 13", b"Version: 1")
        for _ in range(3):
            assert (await heard(await dial(), nonsense)).startswith(b"HTTP/1.1 4")


@pytest.mark.parametrize("door", [Door(), Door(SITE // 10, SITE // 10)])
async def test_a_whole_site_that_comes_back_at_once_behind_one_address_is_let_in(door: Door) -> None:
    async with listening(door) as dial:

        async def comes() -> None:
            while True:
                with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                    return await greeted(await dial())

        async with asyncio.timeout(3 * DEADLINE_S):
            await asyncio.gather(*(comes() for _ in range(SITE)))


async def greeted(streams: Streams) -> None:
    """Let in, and still open. Raises ConnectionError or IncompleteReadError where it is cut."""
    reader, writer = streams
    async with asyncio.timeout(DEADLINE_S):
        writer.write(UPGRADE)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HELLO)
        assert await reader.readexactly(len(WELCOME)) == WELCOME


@pytest.mark.parametrize("head", [b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "])
async def test_who_does_not_finish_a_head_is_let_go(head: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door_module, "REQUEST_S", 0.05)
    async with listening() as dial:
        assert await heard(await dial(), head) == b""
        answered = await dial()
        assert (await heard(answered, GET)).startswith(b"HTTP/1.1 204")
        assert await heard(answered, b"GET / HTTP/1.1\r\n") == b""


async def test_who_does_not_finish_a_body_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door_module, "BODY_S", 0.05)
    post = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n"
    async with listening() as dial:
        assert await heard(await dial(), post + b"ab") == b""
        answered = await dial()
        assert (await heard(answered, post + b"abc")).startswith(b"HTTP/1.1 204")
        assert await heard(answered, post) == b""


async def test_a_body_that_waits_for_us_is_not_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door_module, "BODY_S", 0.05)
    body = b"x" * (1 << 20)
    post = b"POST /busy HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with listening() as dial:
        assert (await heard(await dial(), post + body)).startswith(b"HTTP/1.1 204")


LINE = b"a: b\r\n"


@pytest.mark.parametrize(
    ("begins", "goes_on"),
    [
        (b"GET /", b"x" * 6_000),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", LINE * 1_000),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: ", b"x" * 6_000),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", b"x" * 6_000),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 1_000),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", LINE * 1_000),
    ],
)
async def test_a_head_without_end_is_cut(begins: bytes, goes_on: bytes) -> None:
    async with listening() as dial:
        reader, writer = await dial()
        sent = 0
        async with asyncio.timeout(DEADLINE_S):
            with contextlib.suppress(ConnectionError):
                writer.write(begins)
                while not writer.is_closing() and not reader.at_eof():
                    writer.write(goes_on)
                    sent += len(goes_on)
                    await writer.drain()
                    await asyncio.sleep(0)
        # What the system keeps of it on both sides has been sent, too.
        assert sent < 16 << 20


async def test_a_large_body_and_many_requests_are_no_head() -> None:
    async with listening() as dial:
        streams = await dial()
        body = b"x" * (4 * door_module.LARGEST_HEAD)
        post = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
        for said in (post + body, *[GET] * 3, post + body):
            assert (await heard(streams, said)).startswith(b"HTTP/1.1 204")
        many = b"GET / HTTP/1.1\r\nHost: x\r\n" + LINE * 5_000 + b"\r\n"
        assert (await heard(streams, many)).startswith(b"HTTP/1.1 204")
