"""The sending half of one agent's open connection."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any

from agent.wire.messages import Incarnation
from backend_lite.core.http.websocket import Socket

MAX_QUEUED = 16 << 20
"""Characters that may wait for a slow agent; beyond that the connection is given up: the agent resumes."""

GOING_AWAY = 1012
REFUSED = 1008
FAILED = 1011
TOO_SLOW = 1013


class Channel:
    """Sends in order and never makes the caller wait. A task exists only while the socket takes nothing.

    `number` grows with every connection of the process; `task` is the one that serves the connection;
    `heard_at` (monotonic) is when its last frame came; `wire_version` is the agreed one. After `close` it
    takes nothing more.
    """

    __slots__ = (
        "_close_code", "_pump", "_queue", "_queued", "_sending", "_socket",
        "closing", "device_id", "heard_at", "incarnation", "number", "task", "wire_version",
    )  # fmt: skip

    def __init__(
        self,
        socket: Socket,
        device_id: int,
        incarnation: Incarnation,
        number: int,
        heard_at: float,
        wire_version: int,
    ) -> None:
        self.device_id = device_id
        self.incarnation = incarnation
        self.number = number
        self.heard_at = heard_at
        self.wire_version = wire_version
        self.task = asyncio.current_task()
        self.closing = False
        self._socket = socket
        # A list: an empty deque is ten times as large, and mostly it is empty.
        self._queue: list[str] = []
        self._queued = 0
        self._close_code: int | None = None
        self._pump: asyncio.Task[None] | None = None
        self._sending = False

    @property
    def peer(self) -> str:
        return self._socket.peer

    def post(self, frame: str) -> bool:
        """Send `frame` after those before it. False when the peer is too slow and was given up just now."""
        if self.closing:
            return True
        if self._queued + len(frame) > MAX_QUEUED:
            self._queue.clear()
            self.close(TOO_SLOW)
            return False
        self._queue.append(frame)
        self._queued += len(frame)
        self._start()
        return True

    def close(self, code: int) -> None:
        """Close once everything posted is sent."""
        if not self.closing:
            self.closing, self._close_code = True, code
            self._start()

    async def sent(self) -> None:
        """Wait until nothing is left to send. A peer that reads nothing is ended by its missing pongs."""
        if self._pump is not None:
            await asyncio.wait({self._pump})

    def _start(self) -> None:
        """Send what the socket takes at once; a task waits with the rest."""
        if self._sending:
            return
        self._sending = True
        sending = self._send()
        try:
            waits_for = sending.send(None)
        except StopIteration:
            return
        self._pump = asyncio.create_task(_go_on(_Begun(sending, waits_for)), name="channel send")

    async def _send(self) -> None:
        try:
            while self._queue:
                frame = self._queue.pop(0)
                await self._socket.send_text(frame)
                self._queued -= len(frame)
            if self._close_code is not None:
                await self._socket.close(self._close_code)
        except (OSError, RuntimeError):
            # The peer is gone (OSError), or the server has closed already (RuntimeError): the receiving
            # half learns the same from its next frame.
            self.closing = True
            self._queue.clear()
        finally:
            self._pump, self._sending = None, False


class _Begun:
    """The rest of a coroutine whose beginning ran without a task, up to where it `waits_for` something. To
    make a task costs as much as to send a small frame, and hardly any frame has to wait."""

    __slots__ = ("_coroutine", "_waits_for")

    def __init__(self, coroutine: Coroutine[Any, Any, None], waits_for: Any) -> None:
        self._coroutine = coroutine
        self._waits_for = waits_for

    def __await__(self) -> Generator[Any, Any, None]:
        try:
            yield self._waits_for
        except BaseException:
            self._coroutine.close()
            raise
        yield from self._coroutine.__await__()


async def _go_on(begun: _Begun) -> None:
    await begun
