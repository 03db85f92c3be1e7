"""Connections between agents and the service: late, cut in the middle, open on one side only."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from agent.transport import ChannelClosedError
from agent.wire.codec import WireError, decode, encode, encode_output
from agent.wire.messages import SERVICE_MESSAGES, AgentMessage, OutputFrame, ServiceMessage
from tests.faults.sim.kernel import Process, VirtualLoop

HALF_OPEN_S = 40.0
LEAF = bytes(32)
Frame = str | bytes


class ClosedError(Exception):
    """The other side is gone, and this side knows."""


class Direction:
    """Frames one way, in order. After a cut some that are on their way may still come, late."""

    def __init__(self, loop: VirtualLoop, chance: random.Random, latency: float) -> None:
        self._loop, self._chance, self._latency = loop, chance, latency
        self._flying: deque[Frame] = deque()
        self._there: deque[Frame] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._last_at = 0.0
        self.cut_off = False
        self.closed = False

    def put(self, frame: Frame) -> None:
        if self.cut_off:
            return
        at = max(self._last_at, self._loop.now + self._latency * (0.5 + self._chance.random()))
        self._last_at = at
        self._flying.append(frame)
        self._loop.call_at(at, self._arrive)

    def cut(self, keep: int, closed_after: float, latest: float = HALF_OPEN_S) -> None:
        """Only the first `keep` of the frames under way arrive, at any time before it is known closed."""
        if self.cut_off:
            return
        self.cut_off = True
        while len(self._flying) > keep:
            self._flying.pop()
        late, self._flying = self._flying, deque()
        moments = sorted(self._chance.uniform(0, min(closed_after, latest)) for _ in late)
        for moment, frame in zip(moments, late, strict=True):
            self._loop.call_later(moment, self._take, frame)
        self._loop.call_later(closed_after, self._close)

    def flying(self) -> int:
        return len(self._flying)

    def reset(self) -> None:
        """The other system says that there is no such connection."""
        self.cut_off = True
        self._flying.clear()
        self._loop.call_later(self._latency, self._close)

    async def get(self) -> Frame:
        while not self._there:
            if self.closed:
                raise ClosedError
            self._waiter = self._loop.create_future()
            await self._waiter
        return self._there.popleft()

    def _arrive(self) -> None:
        if self._flying:
            self._take(self._flying.popleft())

    def _take(self, frame: Frame) -> None:
        self._there.append(frame)
        self._wake()

    def _close(self) -> None:
        self.closed = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Connection:
    def __init__(self, loop: VirtualLoop, chance: random.Random, agent: Process, service: Process) -> None:
        latency = chance.choice((0.002, 0.02, 0.2, 1.5))
        self.up = Direction(loop, chance, latency)
        self.down = Direction(loop, chance, latency)
        self._chance = chance
        self.agent, self.service = agent, service
        agent.at_end.append(self._agent_ended)
        service.at_end.append(self._service_ended)
        self.reset: Callable[[], bool] = lambda: False
        """True where the agent's system is there and knows nothing of this connection any more."""

    def say(self, frame: Frame) -> None:
        """From the service to the agent; a system that does not know the connection ends it."""
        self.down.put(frame)
        if not self.agent.alive and self.reset():
            self.up.reset()

    def cut(self) -> None:
        """Something between the two fails; each side finds out in its own time."""
        for direction in (self.up, self.down):
            keep = self._chance.randint(0, direction.flying())
            after = self._chance.choice((0.0, 1.0, HALF_OPEN_S * self._chance.random(), HALF_OPEN_S))
            direction.cut(keep, after)

    def power_lost(self) -> None:
        """One machine is gone without a word."""
        for direction in (self.up, self.down):
            direction.cut(self._chance.randint(0, direction.flying()), HALF_OPEN_S, latest=25.0)

    def hang_up(self, closed_after: float = 0.05) -> None:
        """Closed by one side: what it sent before still arrives."""
        for direction in (self.up, self.down):
            direction.cut(direction.flying(), closed_after)

    def _agent_ended(self) -> None:
        self.hang_up()

    def _service_ended(self) -> None:
        self.hang_up()


class AgentChannel:
    """The agent's end: what `agent.transport.Channel` is on a real network."""

    leaf_sha256 = LEAF

    def __init__(self, connection: Connection, chance: random.Random, note: Callable[[str], None]) -> None:
        self._connection, self._chance, self._note = connection, chance, note

    async def send(self, message: AgentMessage) -> None:
        await self._put(encode(message), _words(message))

    async def send_output(self, frame: OutputFrame) -> None:
        words = f"output {frame.attempt} {frame.stream} {frame.offset}+{len(frame.data)}"
        await self._put(encode_output(frame), words)

    async def _put(self, frame: Frame, words: str) -> None:
        self._connection.agent.step()
        if self._connection.down.closed:
            raise ChannelClosedError("the connection is gone")
        if words != "heartbeat":
            self._note(f"> {words}")
        self._connection.up.put(frame)
        if self._chance.random() < 0.1:
            await asyncio.sleep(self._chance.choice((0.0, 0.01)))

    async def receive(self) -> ServiceMessage:
        try:
            frame = await self._connection.down.get()
        except ClosedError:
            raise ChannelClosedError("the connection is gone") from None
        self._connection.agent.step()
        if isinstance(frame, bytes):
            raise WireError("the service sent a binary frame")
        message = decode(frame, SERVICE_MESSAGES)
        self._note(f"< {_words(message)}")
        return message


class Endpoint:
    """The service's end, as ASGI has it."""

    def __init__(self, connection: Connection, peer: str) -> None:
        self._connection = connection
        self.scope = {"type": "websocket", "client": (peer, 0)}

    async def receive(self) -> dict[str, Any]:
        try:
            frame = await self._connection.up.get()
        except ClosedError:
            return {"type": "websocket.disconnect"}
        if isinstance(frame, bytes):
            return {"type": "websocket.receive", "text": None, "bytes": frame}
        return {"type": "websocket.receive", "text": frame, "bytes": None}

    async def send(self, message: dict[str, Any]) -> None:
        self._connection.service.step()
        if self._connection.up.closed:
            raise OSError("the peer is gone")
        if message["type"] == "websocket.close":
            self._connection.hang_up()
        else:
            self._connection.say(message["text"])
        await asyncio.sleep(0)


Serve = Callable[[Endpoint], Coroutine[Any, Any, None]]


class Network:
    """Who can reach the service now."""

    def __init__(self, loop: VirtualLoop, chance: random.Random) -> None:
        self._loop, self._chance = loop, chance
        self.service: Process | None = None
        self.serve: Serve | None = None
        self.unreachable: set[str] = set()
        self._connections: dict[str, list[Connection]] = {}

    def listen(self, service: Process, serve: Serve) -> None:
        self.service, self.serve = service, serve

    async def connect(
        self, machine: str, agent: Process, is_on: Callable[[], bool], note: Callable[[str], None]
    ) -> AgentChannel:
        await asyncio.sleep(0.01 + 0.05 * self._chance.random())
        service = self.service
        if service is None or not service.alive or self.serve is None:
            raise ChannelClosedError("connection refused")
        if machine in self.unreachable:
            await asyncio.sleep(15.0)
            raise ChannelClosedError("timed out")
        connection = Connection(self._loop, self._chance, agent, service)
        connection.reset = lambda: is_on() and machine not in self.unreachable
        mine = self._connections.setdefault(machine, [])
        mine[:] = [*(one for one in mine if not one.up.closed), connection]
        service.spawn(self.serve(Endpoint(connection, machine)))
        return AgentChannel(connection, self._chance, note)

    def hang_up(self, channel: AgentChannel) -> None:
        channel._connection.hang_up()

    def cut(self, machine: str) -> None:
        for connection in self._connections.get(machine, ()):
            connection.cut()

    def power_lost(self, machine: str) -> None:
        for connection in self._connections.get(machine, ()):
            connection.power_lost()

    def all_power_lost(self) -> None:
        for machine in self._connections:
            self.power_lost(machine)


def _words(message: object) -> str:
    parts = [type(message).__name__.lower()]
    for name in ("attempt", "answer", "outcome", "exit_code", "admission", "code", "reason"):
        value = getattr(message, name, "")
        if value not in ("", None):
            parts.append(str(value))
    for entry in getattr(message, "open_attempts", ()):
        parts.append(f"{entry.attempt}:{entry.phase}")
    for entry in getattr(message, "forget", ()):
        parts.append(f"forget:{entry}")
    return " ".join(parts)
