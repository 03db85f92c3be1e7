"""Gathers single changes into batches, so that a busy fleet does not make a busy window."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

MIN_INTERVAL_S = 0.05
"""Batches of one kind are at least this far apart."""


@dataclass(frozen=True)
class LiveBatch:
    """What changed of one kind since the last batch.

    `changed` holds whole objects by id. With `reset` it holds every object that there is, and what is
    not in it is gone.
    """

    reset: bool
    changed: dict[int, dict[str, Any]]
    removed: AbstractSet[int]


Subscriber = Callable[[LiveBatch], None]


@dataclass
class _Pending:
    reset: bool = False
    changed: set[int] = field(default_factory=set)
    removed: set[int] = field(default_factory=set)
    passing: dict[int, dict[str, Any]] = field(default_factory=dict)


class Batches:
    """`objects_of(kind)` gives the objects as they are when a batch is delivered."""

    def __init__(self, objects_of: Callable[[str], Mapping[int, dict[str, Any]]]) -> None:
        self._objects_of = objects_of
        self._subscribers: dict[str, list[Subscriber]] = {}
        self._pending: dict[str, _Pending] = {}
        self._handles: dict[str, asyncio.TimerHandle] = {}
        self._delivered_at: dict[str, float] = {}

    def subscribe(self, kind: str, callback: Subscriber) -> Callable[[], None]:
        subscribers = self._subscribers.setdefault(kind, [])
        subscribers.append(callback)

        def unsubscribe() -> None:
            with contextlib.suppress(ValueError):
                subscribers.remove(callback)

        return unsubscribe

    def reset(self, kind: str) -> None:
        pending = self._of(kind)
        pending.reset = True
        pending.changed.clear()
        pending.removed.clear()

    def changed(self, kind: str, object_id: int) -> None:
        pending = self._of(kind)
        pending.changed.add(object_id)
        pending.removed.discard(object_id)

    def removed(self, kind: str, object_id: int) -> None:
        pending = self._of(kind)
        pending.changed.discard(object_id)
        pending.removed.add(object_id)

    def passing(self, kind: str, object_id: int, news: dict[str, Any]) -> None:
        """News of a kind of which no objects are kept: only the latest of each id is delivered."""
        self._of(kind).passing[object_id] = news

    def cancel(self) -> None:
        for handle in self._handles.values():
            handle.cancel()
        self._handles.clear()
        self._pending.clear()

    def _of(self, kind: str) -> _Pending:
        if kind not in self._handles:
            loop = asyncio.get_running_loop()
            due = self._delivered_at.get(kind, -MIN_INTERVAL_S) + MIN_INTERVAL_S
            self._handles[kind] = loop.call_later(max(0.0, due - loop.time()), self._deliver, kind, loop)
        pending = self._pending.get(kind)
        if pending is None:
            pending = self._pending[kind] = _Pending()
        return pending

    def _deliver(self, kind: str, loop: asyncio.AbstractEventLoop) -> None:
        # The loop comes along: a window that waits for something of its own delivers timers while none runs.
        self._handles.pop(kind, None)
        self._delivered_at[kind] = loop.time()
        batch = self._batch(kind, self._pending.pop(kind, _Pending()))
        for callback in tuple(self._subscribers.get(kind, ())):
            try:
                callback(batch)
            except Exception as error:
                # One view's mistake must not leave the others with stale rows.
                loop.call_exception_handler(
                    {"message": f"a view of {kind} failed on a change", "exception": error}
                )

    def _batch(self, kind: str, pending: _Pending) -> LiveBatch:
        objects = self._objects_of(kind)
        if pending.reset:
            return LiveBatch(True, dict(objects), frozenset())
        changed = {key: objects[key] for key in pending.changed if key in objects}
        return LiveBatch(False, changed or pending.passing, frozenset(pending.removed))
