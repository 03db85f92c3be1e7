"""Thousands of simulated agents in one process, which speak the real protocol over real TLS sockets.

They enrol at the real endpoint with keys of their own, sign their hello, and take every offer to its receipt:
permit, output, outcome. What they do not do is keep a journal or execute anything.

`python -m tests.bench.simulated_agents` reads one JSON command per line from stdin and writes one JSON
answer per line to stdout (see `Herd`). Times in answers are the machine's monotonic clock.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
import ssl
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import msgspec
import uvloop
from nacl.signing import SigningKey
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from agent.tls import address_of, tls_context
from agent.wire.codec import encode_output, enroll_signing_bytes, hello_signing_bytes, to_plain
from agent.wire.fingerprint import device_uid
from agent.wire.messages import (
    CHANNEL_PATH,
    ENROLL_PATH,
    MESSAGE_NAMES,
    SERVICE_NAME,
    WIRE_VERSIONS,
    AgentMessage,
    Done,
    EnrollRequest,
    Facts,
    Heartbeat,
    Hello,
    Incarnation,
    Metrics,
    Offer,
    OutputFrame,
    Permit,
    PermitAnswer,
    Resend,
)
from agent.wire.states import Outcome

FACTS = Facts(
    hostname="simulated",
    os_type="linux",
    os_name="Debian GNU/Linux",
    os_version="12",
    architecture="x86_64",
    cpu_model="simulated",
    cpu_count=4,
    memory_total=8 << 30,
    agent_version="0.1.0",
    languages=("bash", "sh", "python"),
)
METRICS = Metrics(12.5, 1 << 30, 8 << 30, 5 << 30, 50 << 30, 3600)
CONNECTING = 40
ENROLLING = 8
WAIT_S = 120.0
BURST = 32
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()

_json = msgspec.json.Encoder().encode


class _Frame(msgspec.Struct):
    type: str
    body: msgspec.Raw


_frame = msgspec.json.Decoder(_Frame).decode
_offer = msgspec.json.Decoder(Offer).decode
_answer = msgspec.json.Decoder(PermitAnswer).decode
_resend = msgspec.json.Decoder(Resend).decode


def _encode(message: AgentMessage) -> bytes:
    return _json({"type": MESSAGE_NAMES[type(message)], "body": message})


class Counters:
    """What all agents of the process have seen since `reset`; `changed` is set at every change."""

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        self.welcomed = 0
        self.closed = 0
        self.refused = ""
        self.reset()

    def reset(self) -> None:
        self.offers = self.answers = self.receipts = self.not_allowed = self.echoes = 0
        self.last_at = 0.0


class Agent(WSListener):
    """One device: a key, a life, and what it is doing. Its scripts print `result_size` bytes."""

    def __init__(self, counters: Counters, result_size: int) -> None:
        self.key = SigningKey.generate()
        self.transport: WSTransport | None = None
        self.writable = True
        self._counters = counters
        self._result = b"x" * result_size
        self._sha256 = hashlib.sha256(self._result).hexdigest()
        self._leaf = b""
        self._life = Incarnation(secrets.token_hex(16), "1:1", secrets.token_hex(16))

    def enrolment(self, token: str) -> bytes:
        public_key = bytes(self.key.verify_key).hex()
        signature = self.key.sign(enroll_signing_bytes(token, public_key)).signature.hex()
        return _json(EnrollRequest(token, public_key, signature, FACTS))

    def aim(self, leaf_sha256: bytes) -> Agent:
        """The next connection leads to the service with this certificate."""
        self._leaf = leaf_sha256
        return self

    def beat(self, count: int) -> int:
        """Send heartbeats while the socket takes them, `count` at most; how many were sent."""
        assert self.transport is not None
        sent = 0
        while sent < count and self.writable:
            self.transport.send(WSMsgType.TEXT, HEARTBEAT)
            sent += 1
        return sent

    def ask(self) -> None:
        """Ask for a permit that there is not: the answer says that everything before it was handled."""
        self._send(Permit("0-1-1", "0" * 32))

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.transport = None
        self._counters.closed += 1
        self._counters.changed.set()

    def pause_writing(self) -> None:
        self.writable = False

    def resume_writing(self) -> None:
        self.writable = True

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is not WSMsgType.TEXT:
            return
        found = _frame(frame.get_payload_as_bytes())
        handle = getattr(self, f"_on_{found.type}", None)
        if handle is not None:
            handle(found.body)

    def _on_challenge(self, body: msgspec.Raw) -> None:
        nonce = json.loads(bytes(body))["nonce"]
        signature = self.key.sign(hello_signing_bytes(nonce, self._leaf, self._life)).signature.hex()
        uid = device_uid(bytes(self.key.verify_key))
        self._send(Hello(uid, self._life, WIRE_VERSIONS, FACTS.agent_version, signature))

    def _on_welcome(self, _body: msgspec.Raw) -> None:
        self._counters.welcomed += 1
        self._counters.changed.set()

    def _on_refused(self, body: msgspec.Raw) -> None:
        self._counters.refused = bytes(body).decode()
        self._counters.changed.set()

    def _on_offer(self, body: msgspec.Raw) -> None:
        self._counters.offers += 1
        self._send(Permit(_offer(body).attempt, secrets.token_hex(16)))

    def _on_permit_answer(self, body: msgspec.Raw) -> None:
        answer = _answer(body)
        self._counters.answers += 1
        if answer.answer == "yes":
            self._finish(answer.attempt, answer.nonce, Outcome.EXITED)
        elif answer.answer == "cancelled":
            self._finish(answer.attempt, answer.nonce, Outcome.NOT_STARTED)
        else:
            self._counters.not_allowed += 1
            self._counters.changed.set()

    def _on_resend(self, body: msgspec.Raw) -> None:
        raise AssertionError(f"the service asks again: {_resend(body)}")

    def _on_receipt(self, _body: msgspec.Raw) -> None:
        self._counters.receipts += 1
        self._counters.last_at = time.monotonic()
        self._counters.changed.set()

    def _finish(self, attempt: str, nonce: str, outcome: Outcome) -> None:
        assert self.transport is not None
        ran = outcome is Outcome.EXITED
        result, sha256 = (self._result, self._sha256) if ran else (b"", EMPTY_SHA256)
        if result:
            self.transport.send(WSMsgType.BINARY, encode_output(OutputFrame(attempt, 0, 0, 1, result)))
        now, size = time.time_ns() // 1_000_000, len(result)
        exit_code = 0 if ran else None
        self._send(
            Done(
                attempt, nonce, outcome.value, exit_code, 1, now, now,
                size, 0, sha256, EMPTY_SHA256, size, 0,
            )
        )  # fmt: skip

    def _send(self, message: AgentMessage) -> None:
        if self.transport is not None:
            self.transport.send(WSMsgType.TEXT, _encode(message))


class Peer(WSListener):
    """A plain client of the echo service: it only counts, and answers a broadcast (see `echo_service`)."""

    def __init__(self, counters: Counters, answer_size: int) -> None:
        self.transport: WSTransport | None = None
        self.writable = True
        self._counters = counters
        self._answer = b"a" * answer_size

    def beat(self, count: int) -> int:
        assert self.transport is not None
        sent = 0
        while sent < count and self.writable:
            self.transport.send(WSMsgType.TEXT, HEARTBEAT)
            sent += 1
        return sent

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport
        self._counters.welcomed += 1

    def pause_writing(self) -> None:
        self.writable = False

    def resume_writing(self) -> None:
        self.writable = True

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        payload = frame.get_payload_as_bytes()
        if payload.startswith(b"b"):
            transport.send(WSMsgType.TEXT, self._answer)
            return
        self._counters.echoes += 1
        self._counters.last_at = time.monotonic()
        self._counters.changed.set()


HEARTBEAT = _encode(Heartbeat(METRICS))
Crowd = list[Agent] | list[Peer]


class Herd:
    """The commands: each takes its fields by name and answers a dict.

    `aim` comes first: where to connect (a CA as PEM, a base address). Then agents `enroll`, `connect`,
    `beat`, and their results are awaited by `results`; peers of the echo service `attach`, `echo` and
    `broadcast`.
    """

    def __init__(self) -> None:
        self._counters = Counters()
        self._agents: list[Agent] = []
        self._peers: list[Peer] = []
        self._url = ""
        self._leaf = b""
        self._tls = ssl.create_default_context()

    async def aim(self, url: str, ca_pem: str) -> dict[str, Any]:
        self._url, self._tls = url, tls_context(ca_pem)
        host, port = address_of(url)
        _reader, writer = await asyncio.open_connection(
            host, port, ssl=self._tls, server_hostname=SERVICE_NAME
        )
        leaf = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
        self._leaf = hashlib.sha256(leaf).digest()
        return {}

    async def enroll(self, count: int, token: str, result_size: int) -> dict[str, Any]:
        """Make `count` new devices at the real endpoint."""
        began = time.monotonic()
        fresh = [Agent(self._counters, result_size) for _ in range(count)]
        async with httpx.AsyncClient(base_url=self._url, verify=self._tls, trust_env=False) as client:

            async def enroll(agent: Agent) -> int:
                headers = {"Content-Type": "application/json"}
                answer = await client.post(ENROLL_PATH, content=agent.enrolment(token), headers=headers)
                answer.raise_for_status()
                return int(answer.json()["device_id"])

            ids = await _limited(ENROLLING, [lambda one=one: enroll(one) for one in fresh])  # type: ignore[misc]
        self._agents += fresh
        return {"ids": ids, "seconds": time.monotonic() - began}

    async def connect(self, count: int) -> dict[str, Any]:
        """Connect enrolled devices until `count` of them are welcomed."""
        began = time.monotonic()
        waiting = [agent for agent in self._agents if agent.transport is None]
        wanted = waiting[: count - (len(self._agents) - len(waiting))]
        before = self._counters.welcomed
        await self._open(CHANNEL_PATH, [agent.aim(self._leaf) for agent in wanted])
        await self._until(lambda: self._counters.welcomed - before >= len(wanted), "welcome")
        return {"seconds": time.monotonic() - began}

    async def beat(self, count: int, connections: int) -> dict[str, Any]:
        """`count` heartbeats over each of the connections, as fast as they go, all handled."""
        self._counters.reset()
        crowd = [agent for agent in self._agents if agent.transport is not None][:connections]
        began = time.monotonic()
        await _flood(crowd, count)
        for agent in crowd:
            agent.ask()
        await self._until(lambda: self._counters.not_allowed >= len(crowd), "answer")
        return {"beats": count * len(crowd), "seconds": time.monotonic() - began}

    async def keep_beating(self, every_s: float, seconds: float) -> dict[str, Any]:
        """Every connected agent sends a heartbeat each `every_s`, evenly spread, for `seconds`."""
        agents = [agent for agent in self._agents if agent.transport is not None]
        end, n = time.monotonic() + seconds, 0
        while time.monotonic() < end:
            agents[n % len(agents)].beat(1)
            n += 1
            await asyncio.sleep(every_s / len(agents))
        return {"beats": n}

    async def reset(self) -> dict[str, Any]:
        self._counters.reset()
        return {}

    async def results(self, count: int) -> dict[str, Any]:
        """Wait until so many receipts have come since `reset`; when the last one did."""
        await self._until(lambda: self._counters.receipts >= count, "receipt")
        return {"last_at": self._counters.last_at, "receipts": self._counters.receipts}

    async def attach(self, count: int, answer_size: int) -> dict[str, Any]:
        peers = [Peer(self._counters, answer_size) for _ in range(count)]
        await self._open("/", peers)
        self._peers += peers
        return {}

    async def echo(self, count: int, connections: int) -> dict[str, Any]:
        """`count` heartbeats over each of the connections, every one echoed."""
        self._counters.reset()
        began = time.monotonic()
        crowd = self._peers[:connections]
        await _flood(crowd, count)
        await self._until(lambda: self._counters.echoes >= count * len(crowd), "echo")
        return {"beats": count * len(crowd), "seconds": time.monotonic() - began}

    async def broadcast(self, size: int) -> dict[str, Any]:
        """The echo service sends `size` bytes to every peer and gets their answers: the time of it."""
        self._counters.reset()
        began = time.monotonic()
        first = self._peers[0].transport
        assert first is not None
        first.send(WSMsgType.TEXT, f"go {size}".encode())
        await self._until(lambda: self._counters.echoes > 0, "end of the broadcast")
        return {"seconds": self._counters.last_at - began}

    async def _open(self, path: str, listeners: list[Any]) -> None:
        url = "wss" + self._url.removeprefix("https") + path

        async def one(listener: WSListener) -> None:
            await ws_connect(
                lambda: listener,
                url,
                ssl_context=self._tls,
                server_hostname=SERVICE_NAME,
                websocket_handshake_timeout=WAIT_S,
                read_buffer_init_size=2048,
            )

        await _limited(CONNECTING, [lambda each=each: one(each) for each in listeners])  # type: ignore[misc]

    async def _until(self, holds: Callable[[], bool], what: str) -> None:
        closed = self._counters.closed
        async with asyncio.timeout(WAIT_S):
            while not holds():
                await self._counters.changed.wait()
                self._counters.changed.clear()
                if self._counters.refused or self._counters.closed != closed:
                    raise AssertionError(f"no {what}: a channel was closed {self._counters.refused}")


async def _limited(at_once: int, works: list[Callable[[], Awaitable[Any]]]) -> list[Any]:
    """The results of `works`, of which `at_once` run together."""
    turn = asyncio.Semaphore(at_once)

    async def one(work: Callable[[], Awaitable[Any]]) -> Any:
        async with turn:
            return await work()

    return list(await asyncio.gather(*(one(work) for work in works)))


async def _flood(crowd: Crowd, count: int) -> None:
    left = dict.fromkeys(range(len(crowd)), count)
    while left:
        for n in list(left):
            left[n] -= crowd[n].beat(min(BURST, left[n]))
            if not left[n]:
                del left[n]
        await asyncio.sleep(0)


async def _main() -> None:
    herd = Herd()
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        command = json.loads(line)
        try:
            answer = await getattr(herd, command.pop("command"))(**command)
        except Exception as error:
            answer = {"problem": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(to_plain(answer)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.Runner(loop_factory=uvloop.new_event_loop).run(_main())
