"""Stands between real agents and the service, with the service's own certificate, and keeps all it hears."""

from __future__ import annotations

import asyncio
import json
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from agent.tls import SERVICE_NAME, tls_context
from backend_lite.core.security.ca import ServiceIdentity, open_identity
from tests.helpers.processes import ServiceProcess

_HEAD_ENDS = b"\r\n\r\n"
TEXT, BINARY = 1, 2


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
    place = 0
    while place + 6 <= len(raw):
        opcode, length = raw[place] & 0x0F, raw[place + 1] & 0x7F
        place += 2
        if length >= 126:
            wide = ">H" if length == 126 else ">Q"
            (length,) = struct.unpack_from(wide, raw, place)
            place += struct.calcsize(wide)
        mask, masked = raw[place : place + 4], raw[place + 4 : place + 4 + length]
        place += 4 + length
        if len(masked) < length:
            return
        long = mask * (length // 4 + 1)
        plain = int.from_bytes(masked, "big") ^ int.from_bytes(long[:length], "big")
        yield Frame(opcode, plain.to_bytes(length, "big"))


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
