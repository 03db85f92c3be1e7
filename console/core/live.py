"""The live stream: everything the service knows, kept up to date in plain dicts.

A break is resumed from the last sequence number; meanwhile the objects stay as they were last known.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import msgspec

from backend_lite.contract.live import LIVE, OUTPUT, LiveHello
from console.core.client import ApiClient
from console.core.live_batches import Batches, LiveBatch, Subscriber
from console.core.live_socket import Connect, StreamBroken, open_stream

__all__ = ["LiveBatch", "LiveState", "LiveStore", "Unsubscribe", "back_off"]

Object = dict[str, Any]
Unsubscribe = Callable[[], None]

LONGEST_DELAY_S = 5.0


class LiveState(StrEnum):
    """LOST: trying again by itself. REFUSED: the session has ended, a person must sign in."""

    STOPPED = "stopped"
    CONNECTING = "connecting"
    LIVE = "live"
    LOST = "lost"
    REFUSED = "refused"


StateListener = Callable[[LiveState], None]


class _Frame(msgspec.Struct):
    """Any frame of the service: LiveSnapshot, LiveChange or LiveProblem, told apart by what is there."""

    seq: int = 0
    snapshot: dict[str, list[Object]] | None = None
    kind: str = ""
    id: int = 0
    change: Object | None = None
    detail: str = ""


_decode = msgspec.json.Decoder(_Frame).decode


def back_off(attempt: int) -> float:
    """Seconds before try `attempt` (from 0): short at first, since the service mostly restarts."""
    return random.uniform(0.5, 1.0) * min(LONGEST_DELAY_S, 0.25 * 2.0**attempt)  # noqa: S311


class LiveStore:
    """Keeps `objects[kind][id]` equal to what the service has, and tells subscribers what changed.

    A merged object is a new dict: who holds the old one sees no change in it.
    """

    def __init__(
        self, client: ApiClient, delay: Callable[[int], float] = back_off, connect: Connect = open_stream
    ) -> None:
        self._client = client
        self._connect = connect
        self._delay = delay
        self.objects: dict[str, dict[int, Object]] = {}
        self.state = LiveState.STOPPED
        self.problem = ""
        self._since: int | None = None
        self._batches = Batches(self.kind)
        self._state_listeners: list[StateListener] = []
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()

    def kind(self, kind: str) -> dict[int, Object]:
        """All objects of a kind by id; never to be changed by the caller."""
        return self.objects.setdefault(kind, {})

    def get(self, kind: str, object_id: int) -> Object | None:
        return self.kind(kind).get(object_id)

    def subscribe(self, kind: str, callback: Subscriber) -> Unsubscribe:
        """`callback` gets one batch with all that is known (reset) at once, then every change.

        Changes that come close together come in one batch, 20 a second at most. For kind `output`, of
        which nothing is kept, there is no first batch.
        """
        if kind != OUTPUT:
            callback(LiveBatch(True, dict(self.kind(kind)), frozenset()))
        return self._batches.subscribe(kind, callback)

    def subscribe_state(self, callback: StateListener) -> Unsubscribe:
        """`callback` gets the state now and at every change."""
        self._state_listeners.append(callback)
        callback(self.state)

        def unsubscribe() -> None:
            with contextlib.suppress(ValueError):
                self._state_listeners.remove(callback)

        return unsubscribe

    def start(self) -> None:
        """Connects, and stays connected until `stop`; after a refusal it needs another `start`."""
        self._wake.set()
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run(), name="live stream")

    def retry_now(self) -> None:
        """The service is known to be back: do not wait for the next try."""
        self._wake.set()

    async def stop(self) -> None:
        """Disconnects; the objects stay."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._batches.cancel()
        self._set_state(LiveState.STOPPED)

    def forget(self) -> None:
        """Another session may see other things: drop all that is known."""
        self._since = None
        for kind in list(self.objects):
            self.objects[kind] = {}
            self._batches.reset(kind)

    async def _run(self) -> None:
        attempt = 0
        while True:
            self._wake.clear()
            if self.state is not LiveState.LOST:
                self._set_state(LiveState.CONNECTING)
            was_live, refused = await self._connected()
            if refused:
                self._set_state(LiveState.REFUSED)
                return
            attempt = 0 if was_live else attempt
            self._set_state(LiveState.LOST)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._delay(attempt))
            attempt += 1

    async def _connected(self) -> tuple[bool, bool]:
        """One connection until it breaks: (it was live, the service refused the session)."""
        was_live = False
        try:
            async with self._connect(self._client.base_url.replace("http", "ws", 1) + LIVE) as socket:
                hello = LiveHello(self._client.token or "", self._since)
                await socket.greet(msgspec.json.encode(hello).decode(), resuming=self._since is not None)
                if self._since is not None:
                    self._set_state(LiveState.LIVE)
                async for raw in socket:
                    frame = _decode(raw)
                    if frame.detail:
                        self.problem, self._since = frame.detail, None
                        return was_live, True
                    self._take(frame)
                    was_live = True
        except (StreamBroken, msgspec.DecodeError) as error:
            self.problem = self.problem or str(error)
        return was_live, False

    def _take(self, frame: _Frame) -> None:
        if frame.snapshot is not None:
            self._replace(frame.snapshot)
        elif frame.kind == OUTPUT:
            self._batches.passing(OUTPUT, frame.id, frame.change or {})
        else:
            self._merge(frame.kind, frame.id, frame.change)
        self._since = frame.seq
        self._set_state(LiveState.LIVE)

    def _replace(self, snapshot: dict[str, list[Object]]) -> None:
        for kind in self.objects.keys() | snapshot.keys():
            self.objects[kind] = {item["id"]: item for item in snapshot.get(kind, ())}
            self._batches.reset(kind)

    def _merge(self, kind: str, object_id: int, change: Object | None) -> None:
        objects = self.kind(kind)
        if change is None:
            objects.pop(object_id, None)
            self._batches.removed(kind, object_id)
            return
        objects[object_id] = {**objects.get(object_id, {"id": object_id}), **change}
        self._batches.changed(kind, object_id)

    def _set_state(self, state: LiveState) -> None:
        if state is LiveState.LIVE:
            self.problem = ""
        if state is self.state:
            return
        self.state = state
        for listener in tuple(self._state_listeners):
            listener(state)
