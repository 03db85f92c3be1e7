"""The live stream's hub: numbers committed changes, keeps the newest, fans them out to consoles.

Nothing is built before a console takes it, each frame is built once for all of them, and of changes of the
same part of an object that come faster than a console takes them, it gets the newest.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import msgspec
import structlog

from backend_lite.contract.live import LiveChange, LiveSnapshot
from backend_lite.core.db.within import MembersChanged
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
Visible = AbstractSet[int] | Mapping[int, msgspec.Struct]
"""The ids of objects; with values, these are shown instead of the objects."""
VisibleOf = Callable[[Collection[int], frozenset[int]], Awaitable[Visible]]
"""(ids, groups): those of the objects that have to do with the groups' devices only, or as they are shown to
whom only these concern."""
Key = tuple[str, int, str]

_encode = msgspec.json.Encoder().encode


class LiveKind(msgspec.Struct, frozen=True):
    """A kind of object that consoles follow: who may see it (None: every person who signed in), its snapshot
    (None: changes only), and the names of the parts in which it may change besides as a whole.

    `visible` says what somebody sees whose right holds in the devices of groups only; None: nothing at all.
    """

    permission: str | None
    snapshot: SnapshotOf | None = None
    parts: tuple[str, ...] = ()
    visible: VisibleOf | None = None

    def seen_by(self, principal: Principal) -> bool:
        if self.permission is None:
            return principal.session
        limited = self.visible is not None and principal.may_somewhere(self.permission)
        return limited or principal.may(self.permission)

    def limits_of(self, principal: Principal) -> frozenset[int] | None:
        """The groups to whose devices the principal is limited; None: it sees everything."""
        return None if self.permission is None else principal.groups_for(self.permission)


class NumberedChange:
    """A change of the stream. Its frame is built when the first console takes it."""

    __slots__ = ("_event", "_frame", "gone", "id", "kind", "seq")

    def __init__(self, seq: int, event: Changed) -> None:
        self.seq = seq
        self.kind = event.kind
        self.id = event.id
        self.gone = event.source is None
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
    """One console's changes. Where nothing is pending and `overflowed` is set, it needs a snapshot.

    While it is `doubted`, its principal may have lost rights, and it gives nothing.
    """

    def __init__(self, principal: Principal, kinds: Mapping[str, LiveKind]) -> None:
        self.overflowed = False
        self.doubted = False
        self.closed = False
        self._kinds = kinds
        self._pending: Changes = OrderedDict()
        self._wake = asyncio.Event()
        self._doubt = asyncio.Event()
        self._take_rights(principal)

    def sees(self, kind: str) -> bool:
        return kind in self._seen

    def limits(self, kind: str) -> frozenset[int] | None:
        """The groups whose devices' part of a kind it sees; None: all of it."""
        return self._limits.get(kind)

    @property
    def limited(self) -> bool:
        return bool(self._limits)

    def put(self, key: Key, change: NumberedChange) -> None:
        if self.overflowed or change.kind not in self._seen:
            return
        _replace(self._pending, key, change, self._kinds)
        if len(self._pending) > QUEUE:
            self.start_over()
        self._wake.set()

    def start_over(self) -> None:
        """With a snapshot instead of what is pending."""
        self._pending.clear()
        self.overflowed = True
        self._wake.set()

    def members_changed(self, groups: AbstractSet[int]) -> None:
        """Other devices are in these groups now: what is seen in them may come and go as a whole."""
        if any(not groups.isdisjoint(own) for own in self._limits.values()):
            self.start_over()

    def close(self) -> None:
        self.closed = True
        self._wake.set()

    def doubt(self) -> None:
        """What the principal may is to be asked again, before anything more is given."""
        self.doubted = True
        self._doubt.set()

    def asking(self) -> None:
        """The principal is being asked for now; a doubt that comes from now on is a new one."""
        self._doubt.clear()

    def renew(self, principal: Principal) -> None:
        """What was asked. Where it may something else than before, it starts over."""
        self.doubted = self._doubt.is_set()
        if _rights(principal) != _rights(self._principal):
            self._take_rights(principal)
            self.start_over()
        self._wake.set()

    async def until_doubted(self, seconds: float) -> None:
        """So long at most."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._doubt.wait()

    async def wait(self) -> None:
        """Until there is something to take, an overflow, or the end; where much changes, a little longer."""
        await self._wake.wait()
        self._wake.clear()
        if len(self._pending) > FEW:
            await asyncio.sleep(GATHER_S)

    async def take(self) -> list[str]:
        """The frames of the oldest changes, at most TAKEN, or of some more where it does not see all of them;
        none when there is nothing more."""
        frames: list[str] = []
        try:
            while self._pending and not frames and not self.doubted:
                changes = [
                    self._pending.popitem(last=False)[1] for _ in range(min(TAKEN, len(self._pending)))
                ]
                frames = await self._frames(changes)
        except Exception:
            # A bug where the value is made: the snapshot says what this change would have.
            log.exception("a change could not be told")
            self.start_over()
        return frames

    async def _frames(self, changes: list[NumberedChange]) -> list[str]:
        """What it sees of the changes; that something is gone is no secret."""
        if not self._limits:
            return [change.frame() for change in changes]
        asked: dict[str, set[int]] = {}
        for change in changes:
            if change.kind in self._limits and not change.gone:
                asked.setdefault(change.kind, set()).add(change.id)
        seen = {kind: await self._visible_of(kind, ids) for kind, ids in asked.items()}
        if self.doubted or self.overflowed:
            # The answer may be one of before: what was taken comes with the snapshot.
            self.start_over()
            return []
        return [
            _frame_for(change, seen.get(change.kind))
            for change in changes
            if change.kind not in seen or change.gone or change.id in seen[change.kind]
        ]

    async def _visible_of(self, kind: str, ids: Collection[int]) -> Visible:
        return await visible_of(self._kinds[kind], ids, self._limits[kind])

    def _take_rights(self, principal: Principal) -> None:
        self._principal = principal
        seen = {name: kind for name, kind in self._kinds.items() if kind.seen_by(principal)}
        limits = {name: kind.limits_of(principal) for name, kind in seen.items()}
        self._seen = frozenset(seen)
        self._limits = {name: groups for name, groups in limits.items() if groups is not None}


def _frame_for(change: NumberedChange, seen: Visible | None) -> str:
    if change.gone or not isinstance(seen, Mapping):
        return change.frame()
    value = msgspec.to_builtins(seen[change.id])
    return _encode(LiveChange(change.seq, change.kind, change.id, value)).decode()


async def visible_of(kind: LiveKind, ids: Collection[int], groups: frozenset[int]) -> Visible:
    return await kind.visible(ids, groups) if kind.visible is not None and ids else frozenset()


class LiveHub:
    """`start_number` counts the service's starts: it makes `seq` grow over restarts without a clock."""

    def __init__(self, bus: EventBus, start_number: int) -> None:
        self.kinds: dict[str, LiveKind] = {}
        self._seq = start_number << _START_BITS
        self._ring: Changes = OrderedDict()
        self._forgotten = self._seq
        self._doubted = self._seq
        self._subscriptions: set[Subscription] = set()
        self._lingering: asyncio.TimerHandle | None = None
        bus.subscribe(Changed, self._changed)
        bus.subscribe(MembersChanged, self._members_changed)

    def subscribe(self, principal: Principal, since: int | None) -> Subscription:
        """A subscription that goes on after `since`, or asks for a snapshot when that is too long ago or was
        with other rights."""
        if self._lingering is not None:
            self._lingering.cancel()
            self._lingering = None
        subscription = Subscription(principal, self.kinds)
        if since is None or subscription.limited or not self._resumes(since):
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
            name: await self._objects(kind.snapshot, kind, subscription.limits(name))
            for name, kind in self.kinds.items()
            if kind.snapshot and subscription.sees(name)
        }
        return LiveSnapshot(seq=seq, snapshot=objects)

    def doubt(self) -> None:
        """Sessions have ended, or somebody's rights have changed: ask for everybody's again, at once."""
        self._doubted = self._seq
        for subscription in self._subscriptions:
            subscription.doubt()

    async def _objects(
        self, snapshot: SnapshotOf, kind: LiveKind, limits: frozenset[int] | None
    ) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = msgspec.to_builtins(await snapshot())
        if limits is None:
            return found
        seen = await visible_of(kind, [one["id"] for one in found], limits)
        shown: dict[int, Any] = msgspec.to_builtins(seen) if isinstance(seen, Mapping) else {}
        return [shown.get(one["id"], one) for one in found if one["id"] in seen]

    def _resumes(self, since: int) -> bool:
        return max(self._forgotten, self._doubted) <= since <= self._seq

    def _members_changed(self, event: MembersChanged) -> None:
        for subscription in self._subscriptions:
            subscription.members_changed(event.groups)

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


def _rights(principal: Principal) -> tuple[object, ...]:
    return principal.permissions, principal.limited, principal.session
