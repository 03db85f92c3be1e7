"""The event bus port, and the twin that serves one process."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec
import structlog

from agent.wire.messages import ServiceMessage

log = structlog.get_logger(__name__)


class Event:
    """Something that is committed. Handlers run on the loop, in the order of the commits.

    Those of the hot path are not frozen, because to make a frozen object takes three times as long; nobody
    changes them all the same.
    """

    __slots__ = ()


Change = msgspec.Struct | dict[str, Any] | None
"""The changed fields of an object, all of them for a new one; None: it is gone."""


@dataclass(slots=True)
class Changed(Event):
    """An object that consoles may be watching changed.

    A newer change of the same `part` makes an older one needless; the part "" is the whole object, and what
    it says holds for every part. `source` may be a function: it is called on the loop, and only if a console
    is there, so what it looks at must not be changed by later writes.
    """

    kind: str
    id: int
    source: Change | Callable[[], Change]
    part: str = ""

    def value(self) -> Change:
        """What consoles are told."""
        return self.source() if callable(self.source) else self.source

    @property
    def change(self) -> dict[str, Any] | None:
        """The value as plain JSON types."""
        plain: dict[str, Any] | None = msgspec.to_builtins(self.value())
        return plain


@dataclass(slots=True)
class SendToDevice(Event):
    """A message for the agent of a device, dropped when it is not connected: it asks again by itself."""

    device_id: int
    message: ServiceMessage


@dataclass(frozen=True, slots=True)
class OutboxAdded(Event):
    """The outbox holds a new row."""


Handler = Callable[[Any], None]


class EventBus(Protocol):
    def publish(self, events: Iterable[Event]) -> None:
        """Hand committed events to every subscriber of their type."""

    def subscribe(self, kind: type[Event], handler: Handler) -> None:
        """`handler` must not block and must not raise."""


class MemoryBus:
    """The bus of a service that is one process."""

    def __init__(self) -> None:
        self._handlers: dict[type[Event], list[Handler]] = defaultdict(list)

    def subscribe(self, kind: type[Event], handler: Handler) -> None:
        self._handlers[kind].append(handler)

    def publish(self, events: Iterable[Event]) -> None:
        for event in events:
            for handler in self._handlers.get(type(event), ()):
                try:
                    handler(event)
                except Exception:
                    # One subscriber's bug must not take committed events from the others.
                    log.exception("event handler failed", kind=type(event).__name__)
