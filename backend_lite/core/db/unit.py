"""The unit of work: what one write may do, and what it wants published once it is committed."""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy.orm import Session

from backend_lite.core.events.bus import Event

T = TypeVar("T")


class Unit:
    """Handed to every write. A write may run twice (see `writer`), so it has no effects but these two:
    rows through `session`, and events through `publish`, of which only the committed pass's are sent."""

    __slots__ = ("events", "session")

    def __init__(self, session: Session) -> None:
        self.session = session
        self.events: list[Event] = []

    def publish(self, event: Event) -> None:
        self.events.append(event)
