"""An agent's side of the channel, in this process: a key, a hello, and a WebSocket without sockets."""

import asyncio
import dataclasses
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from nacl.signing import SigningKey

from agent.wire.codec import decode, encode, enroll_signing_bytes, hello_signing_bytes
from agent.wire.fingerprint import device_uid
from agent.wire.messages import (
    CHANNEL_PATH,
    SERVICE_MESSAGES,
    AgentMessage,
    Challenge,
    EnrollRequest,
    Facts,
    Hello,
    Incarnation,
    Metrics,
    OpenAttempt,
    Refused,
    ServiceMessage,
    Welcome,
)

T = TypeVar("T")
ASGIApp = Callable[[Any, Any, Any], Awaitable[None]]

PATIENCE_S = 30.0
LIFE = Incarnation("epoch-1", "2049:1234", "boot-1")
FACTS = Facts(
    hostname="web-1",
    os_type="linux",
    os_name="Debian GNU/Linux",
    os_version="12",
    architecture="x86_64",
    cpu_model="AMD EPYC",
    cpu_count=4,
    memory_total=8 << 30,
    agent_version="0.1.0",
    languages=("bash", "sh", "python"),
    machine_id="0123456789abcdef",
)
METRICS = Metrics(12.5, 1 << 30, 8 << 30, 5 << 30, 50 << 30, 3600)


@dataclass
class Device:
    """A device's key. `sign` is what the agent does with it."""

    key: SigningKey = field(default_factory=SigningKey.generate)

    @property
    def public_key(self) -> bytes:
        return bytes(self.key.verify_key)

    @property
    def uid(self) -> str:
        return device_uid(self.public_key)

    def sign(self, raw: bytes) -> str:
        return self.key.sign(raw).signature.hex()

    def enrolment(self, token: str, facts: Facts = FACTS) -> EnrollRequest:
        public_key = self.public_key.hex()
        return EnrollRequest(token, public_key, self.sign(enroll_signing_bytes(token, public_key)), facts)

    def hello(self, nonce: str, leaf: bytes, incarnation: Incarnation = LIFE, **fields: Any) -> Hello:
        signature = self.sign(hello_signing_bytes(nonce, leaf, incarnation))
        hello = Hello(self.uid, incarnation, (1,), "0.1.0", signature)
        return dataclasses.replace(hello, **fields)


class Gone(Exception):  # noqa: N818
    """The service closed the connection; `code` says how."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class AgentSocket:
    """One connection to an ASGI app. `stall()` makes it a peer that reads nothing."""

    _ports = itertools.count(40_000)

    def __init__(self, app: ASGIApp, address: str = "10.0.0.5") -> None:
        self._to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._reading = asyncio.Event()
        self._reading.set()
        self._closed_by_service = False
        self._closed_by_us = False
        self._to_app.put_nowait({"type": "websocket.connect"})
        scope = {
            "type": "websocket",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "wss",
            "path": CHANNEL_PATH,
            "raw_path": CHANNEL_PATH.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(b"host", b"127.0.0.1:1")],
            "client": (address, next(self._ports)),
            "server": ("127.0.0.1", 1),
            "subprotocols": [],
            "state": {},
            "extensions": {},
        }
        self.task = asyncio.create_task(self._serve(app, scope))

    async def _serve(self, app: ASGIApp, scope: dict[str, Any]) -> None:
        await app(scope, self._to_app.get, self._send)

    async def _send(self, event: dict[str, Any]) -> None:
        await self._reading.wait()
        if self._closed_by_us:
            raise OSError("the peer is gone")
        if self._closed_by_service:
            raise RuntimeError("sent after closing")
        if event["type"] == "websocket.close":
            self._closed_by_service = True
            self._to_app.put_nowait({"type": "websocket.disconnect", "code": event["code"]})
        self._from_app.put_nowait(event)

    def send(self, message: AgentMessage) -> None:
        self.send_frame(encode(message))

    def send_frame(self, frame: str | bytes) -> None:
        kind = "text" if isinstance(frame, str) else "bytes"
        self._to_app.put_nowait({"type": "websocket.receive", kind: frame})

    def stall(self) -> None:
        self._reading.clear()

    def read_on(self) -> None:
        self._reading.set()

    async def next(self) -> ServiceMessage:
        """The next message. Raises Gone."""
        async with asyncio.timeout(PATIENCE_S):
            event = await self._from_app.get()
        if event["type"] == "websocket.accept":
            return await self.next()
        if event["type"] == "websocket.close":
            raise Gone(event["code"])
        return decode(event["text"], SERVICE_MESSAGES)

    async def expect(self, kind: type[T]) -> T:
        """The next message, which must be of this kind."""
        message = await self.next()
        assert isinstance(message, kind), message
        return message

    async def closed(self) -> int:
        """The code with which the service closes; the message before it, if any, must have been read."""
        try:
            message = await self.next()
        except Gone as gone:
            return gone.code
        raise AssertionError(f"not closed but told {message}")

    def nothing_waits(self) -> bool:
        return self._from_app.empty()

    def vanish(self) -> None:
        """Be gone without the service having noticed."""
        self._closed_by_us = True

    async def leave(self) -> None:
        """Go away, and wait until the service has noticed."""
        self._closed_by_us = True
        self._to_app.put_nowait({"type": "websocket.disconnect", "code": 1006})
        self._reading.set()
        await self.done()

    async def done(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await self.task


async def say_hello(
    socket: AgentSocket, device: Device, leaf: bytes, incarnation: Incarnation = LIFE, **fields: Any
) -> None:
    challenge = await socket.expect(Challenge)
    socket.send(device.hello(challenge.nonce, leaf, incarnation, **fields))


async def welcomed(
    socket: AgentSocket,
    device: Device,
    leaf: bytes,
    incarnation: Incarnation = LIFE,
    *open_attempts: OpenAttempt,
) -> Welcome:
    await say_hello(socket, device, leaf, incarnation, open_attempts=open_attempts)
    return await socket.expect(Welcome)


async def refused(socket: AgentSocket) -> str:
    """The code of the refusal, after which the connection must be closed."""
    refusal = await socket.expect(Refused)
    assert refusal.detail.endswith(".")
    assert await socket.closed() == 1008
    return refusal.code
