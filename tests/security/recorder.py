"""Stands between real agents and the service, with the service's own certificate, and keeps all it hears."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from agent.tls import SERVICE_NAME, tls_context
from agent.wire.messages import CHANNEL_PATH
from backend_lite.core.security.ca import ServiceIdentity, open_identity
from tests.helpers.processes import ServiceProcess

_HEAD_ENDS = b"\r\n\r\n"
TEXT, BINARY, _CLOSE = 1, 2, 8
_UPGRADE = (
    f"GET {CHANNEL_PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
).encode()


@dataclass(frozen=True)
class Frame:
    """A WebSocket message of an agent, as it stood in the stream."""

    opcode: int
    payload: bytes

    @property
    def kind(self) -> str:
        return str(json.loads(self.payload)["type"]) if self.opcode == TEXT else "output"

    @property
    def wire(self) -> bytes:
        """With a mask that changes nothing."""
        length = len(self.payload)
        if length < 126:
            size = bytes([0x80 | length])
        elif length < 1 << 16:
            size = struct.pack(">BH", 0xFE, length)
        else:
            size = struct.pack(">BQ", 0xFF, length)
        return bytes([0x80 | self.opcode]) + size + bytes(4) + self.payload


@dataclass
class Connection:
    """One of an agent's, with all it sent. `upstream` is the open end towards the service."""

    sent: bytearray = field(default_factory=bytearray)
    upstream: asyncio.StreamWriter | None = None

    @property
    def head(self) -> bytes:
        return bytes(self.sent[: self.sent.find(_HEAD_ENDS) + len(_HEAD_ENDS)])

    @property
    def is_channel(self) -> bool:
        return b"upgrade: websocket" in self.head.lower()

    def frames(self) -> list[Frame]:
        """Data frames; the agent splits none."""
        return [
            frame for frame in _frames(bytes(self.sent[len(self.head) :])) if frame.opcode in (TEXT, BINARY)
        ]


def _frames(raw: bytes) -> Iterator[Frame]:
    while found := _frame(raw):
        frame, raw = found
        yield frame


def _frame(raw: bytes) -> tuple[Frame, bytes] | None:
    """The first frame and what comes after it; None where it is not whole."""
    if len(raw) < 2:
        return None
    opcode, masked, length, place = raw[0] & 0x0F, raw[1] & 0x80, raw[1] & 0x7F, 2
    if length >= 126:
        wide = ">H" if length == 126 else ">Q"
        place += struct.calcsize(wide)
        if len(raw) < place:
            return None
        (length,) = struct.unpack_from(wide, raw, 2)
    mask = raw[place : place + 4] if masked else bytes(4)
    place += 4 if masked else 0
    if len(raw) < place + length:
        return None
    long = (mask * (length // 4 + 1))[:length]
    plain = int.from_bytes(raw[place : place + length], "big") ^ int.from_bytes(long, "big")
    return Frame(opcode, plain.to_bytes(length, "big")), raw[place + length :]


class RawChannel:
    """A channel over an open socket, from one thread: one that reads TLS while another writes it would lose
    bytes now and then."""

    def __init__(self, opened: socket.socket) -> None:
        self._socket = opened
        self._heard = b""
        opened.sendall(_UPGRADE)
        while _HEAD_ENDS not in self._heard:
            self._more()
        head, _, self._heard = self._heard.partition(_HEAD_ENDS)
        assert b" 101 " in head, head

    def say(self, frame: Frame) -> None:
        self._socket.sendall(frame.wire)

    def hear(self) -> bytes | None:
        """The next text; None when the service ends the channel."""
        while True:
            while (found := _frame(self._heard)) is None:
                if not self._more():
                    return None
            frame, self._heard = found
            if frame.opcode == TEXT:
                return frame.payload
            if frame.opcode == _CLOSE:
                return None

    def _more(self) -> bool:
        try:
            piece = self._socket.recv(1 << 16)
        except (ConnectionError, ssl.SSLEOFError):
            piece = b""
        self._heard += piece
        return bool(piece)


class Recorder:
    def __init__(self, service: ServiceProcess) -> None:
        self.identity: ServiceIdentity = open_identity(service.folder / "keys", ["127.0.0.1"])
        self.connections: list[Connection] = []
        self.port = 0
        self._target = urlsplit(service.ready["agent_url"]).port
        self._trust = tls_context(self.identity.ca_pem)
        self._passing: list[asyncio.Task[None]] = []
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder")

    @property
    def channel(self) -> Connection:
        """The newest channel."""
        return next(one for one in reversed(self.connections) if one.is_channel)

    @property
    def channels(self) -> int:
        return sum(one.is_channel for one in self.connections)

    def inject(self, frame: Frame) -> None:
        """Say it again on the open channel."""
        upstream = self.channel.upstream
        assert upstream is not None
        self._loop.call_soon_threadsafe(upstream.write, frame.wire)

    @contextmanager
    def recording(self) -> Iterator[Recorder]:
        self._thread.start()
        assert self._ready.wait(10)
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0, ssl=self.identity.ssl_context())
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for connection in self.connections:
            if connection.upstream is not None:
                connection.upstream.transport.abort()
        await asyncio.gather(*self._passing)

    async def _pass_on(self, agent: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        connection = Connection()
        self.connections.append(connection)
        self._passing.append(cast("asyncio.Task[None]", asyncio.current_task()))
        try:
            service, upstream = await asyncio.open_connection(
                "127.0.0.1", self._target, ssl=self._trust, server_hostname=SERVICE_NAME
            )
        except OSError:
            back.transport.abort()
            return
        connection.upstream = upstream
        heard = asyncio.create_task(_copy(agent, upstream, connection.sent))
        answered = asyncio.create_task(_copy(service, back, bytearray()))
        try:
            await asyncio.wait([heard, answered], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (heard, answered):
                task.cancel()
            for writer in (back, upstream):
                writer.transport.abort()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter, kept: bytearray) -> None:
    with suppress(OSError):
        while piece := await source.read(1 << 16):
            kept += piece
            target.write(piece)
            await target.drain()


@contextmanager
def recording(service: ServiceProcess) -> Iterator[tuple[Recorder, ServiceProcess]]:
    """The recorder, and the service as agents know it that go through it."""
    with Recorder(service).recording() as recorder:
        ready: dict[str, Any] = service.ready | {"agent_url": f"https://127.0.0.1:{recorder.port}"}
        yield recorder, ServiceProcess(Path(service.folder), ready=ready)
