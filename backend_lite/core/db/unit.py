"""The unit of work: what one write may do, and what it wants published once it is committed."""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from backend_lite.core.caller import SERVICE, Caller
from backend_lite.core.events.bus import Event

T = TypeVar("T")


class Unit:
    """Handed to every write. A write may run twice (see `writer`), so it has no effects but these two:
    rows through `connection` or `session`, and events through `publish`, of which only the committed
    pass's are sent. `caller` is who caused it. A session is made when it is first asked for: it costs
    more than a statement does."""

    __slots__ = ("_session", "caller", "connection", "events")

    def __init__(self, connection: Connection, caller: Caller = SERVICE) -> None:
        self.connection = connection
        self.caller = caller
        self.events: list[Event] = []
        self._session: Session | None = None

    @property
    def session(self) -> Session:
        if self._session is None:
            # It only borrows the transaction: closing it leaves the batch open.
            self._session = Session(
                bind=self.connection, join_transaction_mode="rollback_only", expire_on_commit=False
            )
        return self._session

    def publish(self, event: Event) -> None:
        self.events.append(event)

    def flush(self) -> None:
        """Write what the session holds."""
        if self._session is not None:
            self._session.flush()

    def close(self) -> None:
        """Let go of the session; what it loaded stays as it is."""
        if self._session is not None:
            self._session.expunge_all()
            self._session.close()
