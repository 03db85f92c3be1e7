"""The service's side of the wire, for one or a few agents: real TLS, real messages, no database.

It follows the rules of the real one where the agent can feel them (one nonce per attempt, offers again after
every hello, a receipt only for whole output) and lets a test break each of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import uvicorn
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from agent.wire.codec import (
    decode,
    decode_output,
    encode,
    enroll_signing_bytes,
    from_plain,
    hello_signing_bytes,
    to_plain,
)
from agent.wire.fingerprint import device_uid, fingerprint_words
from agent.wire.messages import (
    AGENT_MESSAGES,
    CHANNEL_PATH,
    ENROLL_PATH,
    WIRE_VERSIONS,
    Cancel,
    Challenge,
    Done,
    EnrollAnswer,
    EnrollRequest,
    FactsReport,
    Heartbeat,
    Hello,
    Holding,
    Offer,
    OutputFrame,
    OutputMark,
    Permit,
    PermitAnswer,
    Receipt,
    Refused,
    Resend,
    ServiceMessage,
    SoftwareReport,
    Welcome,
)
from tests.agent.certificates import Signed, write_files

PATIENCE_S = 30.0
EPOCH = "e1"

Send = Callable[[dict[str, Any]], Any]


class FakeService:
    """Runs in a thread of its own. What it saw is in its lists; `wait` waits for a condition on them."""

    def __init__(self, folder: Path, ca: Signed, leaf: Signed, *, heartbeat_s: float = 5.0) -> None:
        self._files = write_files(folder, leaf, ca)
        self._leaf_sha256 = hashlib.sha256(leaf.der).digest()
        self._changed = threading.Condition()
        self._connections: list[asyncio.Queue[ServiceMessage | None]] = []
        self.pin = ca.pin
        self.heartbeat_s = heartbeat_s
        self.tokens = {"good-token"}
        self.devices: dict[str, bytes] = {}
        self.refuse: Refused | None = None
        self.wire_versions = WIRE_VERSIONS
        self.permit_policy: Callable[[Permit], str | None] = self.grant_once
        self.gives_receipts = True
        self.loses_output = False
        self.lose_enroll_answers = 0
        self.forget: set[str] = set()
        self.files: dict[str, bytes] = {}
        # What was seen.
        self.enrolled: list[EnrollRequest] = []
        self.hellos: list[Hello] = []
        self.facts: list[FactsReport] = []
        self.heartbeats: list[Heartbeat] = []
        self.permits: list[Permit] = []
        self.holdings: list[Holding] = []
        self.software: list[SoftwareReport] = []
        self.dones: list[Done] = []
        self.frames: list[OutputFrame] = []
        self.closed: set[str] = set()
        self._offers: dict[str, Offer] = {}
        self._nonces: dict[str, str] = {}

    # ---- life

    def start(self, port: int = 0) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # asyncio does this only for sockets that it made itself; without it a second message waits 40 ms.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind(("127.0.0.1", port))
        self.port = listener.getsockname()[1]
        self._server = _Server(uvicorn.Config(self._app, **self._config()))
        self._thread = threading.Thread(target=self._run, args=(listener,), daemon=True)
        self._thread.start()
        self.wait(lambda: self._server.started, "the fake service to start")

    def _config(self) -> dict[str, Any]:
        return {
            "interface": "asgi3",
            "proxy_headers": False,
            "loop": "asyncio",
            "http": "h11",
            "ws": "websockets-sansio",
            "lifespan": "off",
            "log_config": None,
            "access_log": False,
            "ws_max_size": 1 << 20,
            "ws_per_message_deflate": False,
            "timeout_graceful_shutdown": 1,
            "ssl_context_factory": self._tls,
        }

    def _tls(self, config: object, default: object) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self._files)
        return context

    def _run(self, listener: socket.socket) -> None:
        with asyncio.Runner() as runner:
            self._loop = runner.get_loop()
            runner.run(self._serve_until_told(listener))
        listener.close()

    async def _serve_until_told(self, listener: socket.socket) -> None:
        await self._server.serve(sockets=[listener])
        # The server gives a peer that does not say goodbye up after a second, but leaves its socket open. The
        # loop alone knows all of them, also those in the middle of a handshake.
        for transport in list(cast("Any", self._loop)._transports.values()):
            transport.abort()
        # In its next turn the loop closes their sockets.
        await asyncio.sleep(0)

    def stop(self) -> None:
        self.drop()
        self._server.should_exit = True
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    # ---- what a test does with it

    def wait(self, condition: Callable[[], object], what: str) -> None:
        """Until the condition holds; fails after PATIENCE_S."""
        end = time.monotonic() + PATIENCE_S
        with self._changed:
            while not condition():
                left = end - time.monotonic()
                assert left > 0, f"waited in vain for {what}"
                self._changed.wait(min(left, 0.05))

    def offer(self, step: int, type_: str, payload: str, *, timeout_s: float = 60, **more: Any) -> str:
        """Offer a step now and after every hello until its outcome came; returns the attempt's name."""
        attempt = f"{EPOCH}-{step}-1"
        self._offers[attempt] = Offer(attempt, type_, payload, timeout_s, **more)
        self.send(self._offers[attempt])
        return attempt

    def cancel(self, attempt: str) -> None:
        self.send(Cancel(attempt))

    def send(self, message: ServiceMessage) -> None:
        for outgoing in list(self._connections):
            self._loop.call_soon_threadsafe(outgoing.put_nowait, message)

    def drop(self) -> None:
        """Close every channel."""
        for outgoing in list(self._connections):
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(outgoing.put_nowait, None)

    def wait_for_done(self, attempt: str) -> Done:
        self.wait(lambda: attempt in self.closed, f"the outcome of {attempt}")
        return next(done for done in reversed(self.dones) if done.attempt == attempt)

    def output(self, attempt: str) -> tuple[bytes, bytes]:
        """(stdout, stderr) put together by their offsets, as the real service does it."""
        streams = (bytearray(), bytearray())
        for frame in list(self.frames):
            if frame.attempt == attempt and frame.offset <= len(streams[frame.stream]):
                end = frame.offset + len(frame.data)
                streams[frame.stream][frame.offset : end] = frame.data
        return bytes(streams[0]), bytes(streams[1])

    def grant_once(self, permit: Permit) -> str:
        """The rule of the real service: the first nonce gets the permit, and only that one, for ever."""
        return "yes" if self._nonces.setdefault(permit.attempt, permit.nonce) == permit.nonce else "no"

    # ---- the ASGI side

    async def _app(self, scope: dict[str, Any], receive: Callable[[], Any], send: Send) -> None:
        if scope["type"] == "http" and scope["path"] in self.files:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": self.files[scope["path"]]})
        elif scope["type"] == "http":
            await self._enroll(scope, receive, send)
        elif scope["type"] == "websocket" and scope["path"] == CHANNEL_PATH:
            await self._channel(receive, send)

    async def _enroll(self, scope: dict[str, Any], receive: Callable[[], Any], send: Send) -> None:
        body, more = b"", True
        while more:
            part = await receive()
            body, more = body + part.get("body", b""), part.get("more_body", False)
        assert (scope["method"], scope["path"]) == ("POST", ENROLL_PATH)
        request = from_plain(json.loads(body), EnrollRequest, "request")
        status, answer = self._judge(request)
        if self.lose_enroll_answers:
            self.lose_enroll_answers -= 1
            status, answer = 503, {"detail": "The answer got lost.", "code": "lost"}
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})

    def _judge(self, request: EnrollRequest) -> tuple[int, Any]:
        key = bytes.fromhex(request.public_key)
        signed = enroll_signing_bytes(request.token, request.public_key)
        try:
            VerifyKey(key).verify(signed, bytes.fromhex(request.signature))
        except BadSignatureError:
            return 403, {"detail": "The signature is wrong.", "code": "bad_signature"}
        if request.token not in self.tokens:
            return 401, {"detail": "This enrolment token is not valid any more.", "code": "bad_token"}
        self._note(self.enrolled, request)
        self.devices[device_uid(key)] = key
        return 201, to_plain(
            EnrollAnswer(len(self.devices), device_uid(key), "approved", fingerprint_words(key))
        )

    async def _channel(self, receive: Callable[[], Any], send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        nonce = os.urandom(32).hex()

        async def say(message: ServiceMessage) -> None:
            await send({"type": "websocket.send", "text": encode(message)})

        await say(Challenge(nonce, self.wire_versions, EPOCH))
        frame = await receive()
        if frame["type"] != "websocket.receive":
            return
        hello = decode(frame["text"], AGENT_MESSAGES)
        assert isinstance(hello, Hello)
        refusal = self.refuse or self._refusal(hello, nonce)
        self._note(self.hellos, hello)
        if refusal is not None:
            await say(refusal)
            await send({"type": "websocket.close", "code": 1008})
            return
        await self._serve(hello, receive, send, say)

    def _refusal(self, hello: Hello, nonce: str) -> Refused | None:
        key = self.devices.get(hello.device_uid)
        if key is None:
            return Refused("unknown_device", "This device is not known here.")
        try:
            signed = hello_signing_bytes(nonce, self._leaf_sha256, hello.incarnation)
            VerifyKey(key).verify(signed, bytes.fromhex(hello.signature))
        except BadSignatureError:
            return Refused("bad_signature", "The signature is wrong.")
        return None

    async def _serve(
        self, hello: Hello, receive: Callable[[], Any], send: Send, say: Callable[[ServiceMessage], Any]
    ) -> None:
        outgoing: asyncio.Queue[ServiceMessage | None] = asyncio.Queue()
        wire_version = max(set(hello.wire_versions) & set(self.wire_versions))
        digest = self.software[-1].digest if self.software else ""
        about = self._about(hello)
        await say(Welcome(wire_version, 1, "approved", self.heartbeat_s, *about, software_digest=digest))
        for attempt, offer in self._offers.items():
            if attempt not in self.closed:
                await say(offer)
        self._connections.append(outgoing)
        talking = asyncio.create_task(self._talk(outgoing, send, say))
        try:
            while (frame := await receive())["type"] == "websocket.receive":
                await self._heed(frame, say)
        finally:
            self._connections.remove(outgoing)
            talking.cancel()

    def _about(self, hello: Hello) -> tuple[tuple[OutputMark, ...], tuple[str, ...]]:
        marks, forget = [], []
        for held in hello.open_attempts:
            if held.attempt in self.closed or held.attempt in self.forget:
                forget.append(held.attempt)
            else:
                stdout, stderr = self.output(held.attempt)
                marks.append(OutputMark(held.attempt, len(stdout), len(stderr)))
        return tuple(marks), tuple(forget)

    async def _talk(
        self,
        outgoing: asyncio.Queue[ServiceMessage | None],
        send: Send,
        say: Callable[[ServiceMessage], Any],
    ) -> None:
        while (message := await outgoing.get()) is not None:
            await say(message)
        await send({"type": "websocket.close", "code": 1012})

    async def _heed(self, frame: dict[str, Any], say: Callable[[ServiceMessage], Any]) -> None:
        if frame.get("bytes") is not None:
            self._note(self.frames, decode_output(frame["bytes"]))
            return
        message = decode(frame["text"], AGENT_MESSAGES)
        match message:
            case FactsReport():
                self._note(self.facts, message)
            case Heartbeat():
                self._note(self.heartbeats, message)
            case Permit():
                answer = self.permit_policy(message)
                self._note(self.permits, message)
                if answer is not None:
                    await say(PermitAnswer(message.attempt, message.nonce, answer))
            case Holding():
                self._note(self.holdings, message)
            case SoftwareReport():
                self._note(self.software, message)
            case Done():
                self._note(self.dones, message)
                await self._acknowledge(message, say)

    async def _acknowledge(self, done: Done, say: Callable[[ServiceMessage], Any]) -> None:
        if self.loses_output:
            self.loses_output = False
            self.frames.clear()
        stdout, stderr = self.output(done.attempt)
        hashes = [hashlib.sha256(stream).hexdigest() for stream in (stdout, stderr)]
        if hashes != [done.stdout_sha256, done.stderr_sha256]:
            await say(Resend(done.attempt, 0, 0))
        elif self.gives_receipts:
            await say(Receipt(done.attempt))
            with self._changed:
                self.closed.add(done.attempt)
                self._changed.notify_all()

    def _note(self, seen: list[Any], item: object) -> None:
        with self._changed:
            seen.append(item)
            self._changed.notify_all()


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield
