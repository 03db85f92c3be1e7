"""The live stream's hub: numbers committed changes, keeps the newest, fans them out to consoles."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

import msgspec

from backend_lite.contract.live import LiveChange, LiveSnapshot
from backend_lite.core.events.bus import Changed, EventBus
from backend_lite.core.security.principal import Principal

RING = 20_000
QUEUE = 5_000
_START_BITS = 32

SnapshotOf = Callable[[], Awaitable[Sequence[msgspec.Struct]]]


class LiveKind(msgspec.Struct, frozen=True):
    """A kind of object that consoles follow: who may see it, and its snapshot (None: changes only)."""

    permission: str
    snapshot: SnapshotOf | None = None


class Subscription:
    """One console's changes. After an overflow the queue is empty and `overflowed` asks for a snapshot."""

    def __init__(self, principal: Principal, kinds: Mapping[str, LiveKind]) -> None:
        self.principal = principal
        self.overflowed = False
        self.closed = False
        self._kinds = kinds
        self._pending: deque[LiveChange] = deque()
        self._wake = asyncio.Event()

    def sees(self, kind: str) -> bool:
        return kind in self._kinds and self.principal.may(self._kinds[kind].permission)

    def put(self, change: LiveChange) -> None:
        if self.overflowed or not self.sees(change.kind):
            return
        if len(self._pending) >= QUEUE:
            self._pending.clear()
            self.overflowed = True
        else:
            self._pending.append(change)
        self._wake.set()

    def close(self) -> None:
        self.closed = True
        self._wake.set()

    async def take(self) -> list[LiveChange]:
        """Wait for changes and take all there are; empty after an overflow and when closed."""
        await self._wake.wait()
        self._wake.clear()
        taken = list(self._pending)
        self._pending.clear()
        return taken


class LiveHub:
    """`start_number` counts the service's starts: it makes `seq` grow over restarts without a clock."""

    def __init__(self, bus: EventBus, start_number: int) -> None:
        self.kinds: dict[str, LiveKind] = {}
        self._seq = start_number << _START_BITS
        self._ring: deque[LiveChange] = deque(maxlen=RING)
        self._subscriptions: set[Subscription] = set()
        bus.subscribe(Changed, self._changed)

    def subscribe(self, principal: Principal, since: int | None) -> Subscription:
        """A subscription that goes on after `since`, or asks for a snapshot when that is too long ago."""
        subscription = Subscription(principal, self.kinds)
        if since is None or not self._remembers(since):
            subscription.overflowed = True
        else:
            for change in self._after(since):
                subscription.put(change)
        self._subscriptions.add(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        self._subscriptions.discard(subscription)

    def close(self) -> None:
        """The service stops: let go of every console at once."""
        for subscription in self._subscriptions:
            subscription.close()

    async def snapshot(self, subscription: Subscription) -> LiveSnapshot:
        """Everything the subscriber may see. Changes that it already holds come once more afterwards:
        they are whole values, so applying one twice is harmless; missing one would not be."""
        subscription.overflowed = False
        seq = self._seq
        objects = {
            name: msgspec.to_builtins(await kind.snapshot())
            for name, kind in self.kinds.items()
            if kind.snapshot and subscription.sees(name)
        }
        return LiveSnapshot(seq=seq, snapshot=objects)

    def _changed(self, event: Changed) -> None:
        self._seq += 1
        change = LiveChange(self._seq, event.kind, event.id, event.change)
        self._ring.append(change)
        for subscription in self._subscriptions:
            subscription.put(change)

    def _remembers(self, since: int) -> bool:
        oldest = self._ring[0].seq - 1 if self._ring else self._seq
        return oldest <= since <= self._seq

    def _after(self, since: int) -> Iterator[LiveChange]:
        return (change for change in self._ring if change.seq > since)
