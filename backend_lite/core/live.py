"""The live stream's hub: numbers committed changes, keeps the newest, fans them out to consoles.

Nothing is built before a console takes it, each frame is built once for all of them, and of changes of the
same part of an object that come faster than a console takes them, it gets the newest.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec
import structlog

from backend_lite.contract.live import LiveSnapshot
from backend_lite.core.events.bus import Changed, EventBus
from backend_lite.core.security.principal import Principal

log = structlog.get_logger(__name__)

RING = 20_000
QUEUE = 20_000
TAKEN = 50
"""Frames that are built without letting others at the loop."""
FEW, GATHER_S = 20, 0.05
"""With more changes than FEW waiting, a console waits so long for more, and gets each object once."""
LINGER_S = 30.0
"""So long after the last console left, changes are kept for its return."""
_START_BITS = 32

SnapshotOf = Callable[[], Awaitable[Sequence[msgspec.Struct]]]
Key = tuple[str, int, str]

_encode = msgspec.json.Encoder().encode


class LiveKind(msgspec.Struct, frozen=True):
    """A kind of object that consoles follow: who may see it (None: every person who signed in), its snapshot
    (None: changes only), and the names of the parts in which it may change besides as a whole."""

    permission: str | None
    snapshot: SnapshotOf | None = None
    parts: tuple[str, ...] = ()


class NumberedChange:
    """A change of the stream. Its frame is built when the first console takes it."""

    __slots__ = ("_event", "_frame", "kind", "seq")

    def __init__(self, seq: int, event: Changed) -> None:
        self.seq = seq
        self.kind = event.kind
        self._event: Changed | None = event
        self._frame = ""

    def frame(self) -> str:
        """A LiveChange as JSON."""
        event = self._event
        if event is not None:
            plain = {"seq": self.seq, "kind": event.kind, "id": event.id, "change": event.value()}
            self._frame = _encode(plain).decode()
            self._event = None
        return self._frame


Changes = OrderedDict[Key, NumberedChange]


class Subscription:
    """One console's changes. After an overflow nothing is pending and `overflowed` asks for a snapshot."""

    def __init__(self, principal: Principal, kinds: Mapping[str, LiveKind]) -> None:
        self.principal = principal
        self.overflowed = False
        self.closed = False
        self._kinds = kinds
        self._pending: Changes = OrderedDict()
        self._wake = asyncio.Event()

    def sees(self, kind: str) -> bool:
        if kind not in self._kinds:
            return False
        permission = self._kinds[kind].permission
        return self.principal.session if permission is None else self.principal.may(permission)

    def put(self, key: Key, change: NumberedChange) -> None:
        if self.overflowed or not self.sees(change.kind):
            return
        _replace(self._pending, key, change, self._kinds)
        if len(self._pending) > QUEUE:
            self._pending.clear()
            self.overflowed = True
        self._wake.set()

    def close(self) -> None:
        self.closed = True
        self._wake.set()

    async def wait(self) -> None:
        """Until there is something to take, an overflow, or the end; where much changes, a little longer."""
        await self._wake.wait()
        self._wake.clear()
        if len(self._pending) > FEW:
            await asyncio.sleep(GATHER_S)

    def take(self) -> list[str]:
        """The frames of the oldest changes, at most TAKEN; none when there is nothing more."""
        frames: list[str] = []
        try:
            while self._pending and len(frames) < TAKEN:
                frames.append(self._pending.popitem(last=False)[1].frame())
        except Exception:
            # A bug where the value is made: the snapshot says what this change would have.
            log.exception("a change could not be told")
            self._pending.clear()
            self.overflowed = True
            self._wake.set()
        return frames


class LiveHub:
    """`start_number` counts the service's starts: it makes `seq` grow over restarts without a clock."""

    def __init__(self, bus: EventBus, start_number: int) -> None:
        self.kinds: dict[str, LiveKind] = {}
        self._seq = start_number << _START_BITS
        self._ring: Changes = OrderedDict()
        self._forgotten = self._seq
        self._subscriptions: set[Subscription] = set()
        self._lingering: asyncio.TimerHandle | None = None
        bus.subscribe(Changed, self._changed)

    def subscribe(self, principal: Principal, since: int | None) -> Subscription:
        """A subscription that goes on after `since`, or asks for a snapshot when that is too long ago."""
        if self._lingering is not None:
            self._lingering.cancel()
            self._lingering = None
        subscription = Subscription(principal, self.kinds)
        if since is None or not self._forgotten <= since <= self._seq:
            subscription.overflowed = True
        else:
            for key, change in self._ring.items():
                if change.seq > since:
                    subscription.put(key, change)
        self._subscriptions.add(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        self._subscriptions.discard(subscription)
        if not self._subscriptions and self._lingering is None:
            self._lingering = asyncio.get_running_loop().call_later(LINGER_S, self.forget)

    def forget(self) -> None:
        """Nobody follows, and nobody will go on where they were: keep nothing until somebody comes."""
        self._lingering = None
        self._ring.clear()
        self._forgotten = self._seq

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
        if not self._subscriptions and self._lingering is None:
            self._forgotten = self._seq
            return
        key, change = (event.kind, event.id, event.part), NumberedChange(self._seq, event)
        _replace(self._ring, key, change, self.kinds)
        if len(self._ring) > RING:
            self._forgotten = self._ring.popitem(last=False)[1].seq
        for subscription in self._subscriptions:
            subscription.put(key, change)


def _replace(changes: Changes, key: Key, change: NumberedChange, kinds: Mapping[str, LiveKind]) -> None:
    """Put the newest change last: a console that was cut off goes on after the number it saw last."""
    kind, object_id, part = key
    changes[key] = change
    changes.move_to_end(key)
    if not part and kind in kinds:
        for other in kinds[kind].parts:
            changes.pop((kind, object_id, other), None)
