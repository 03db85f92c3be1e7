"""Reactions upward that a kill must not lose: a row of the transaction that causes them.

An area that has something to tell appends a row (`add`); the area that reacts registers a function for
the topic. The reaction and the removal of the row are one transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend_lite.core.clock import Clock
from backend_lite.core.db.database import Database
from backend_lite.core.db.tables import OutboxRow
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import EventBus, OutboxAdded

log = structlog.get_logger(__name__)

AGAIN_S = 60.0
"""What stays owed is tried again after so long, or at the next addition."""

Reaction = Callable[[Unit, dict[str, Any]], None]


class Outbox:
    """Carries out what is owed, in order, from `start` on; each row until it succeeds."""

    def __init__(self, database: Database, bus: EventBus, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._reactions: dict[str, Reaction] = {}
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        bus.subscribe(OutboxAdded, lambda _event: self._wake.set())

    def on(self, topic: str, reaction: Reaction) -> None:
        self._reactions[topic] = reaction

    def add(self, unit: Unit, topic: str, payload: dict[str, Any]) -> None:
        unit.session.add(OutboxRow(topic=topic, payload=payload, created_at=self._clock.now_ms()))
        unit.publish(OutboxAdded())

    def start(self) -> None:
        self._wake.set()
        self._task = asyncio.create_task(self._run(), name="outbox")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            if not await self._carry_out():
                asyncio.get_running_loop().call_later(AGAIN_S, self._wake.set)

    async def _carry_out(self) -> bool:
        """All that is owed. False where something stays so: the disk is full, say."""
        try:
            owed = await self._database.read(_owed)
        except Exception:
            log.exception("what is owed cannot be read")
            return False
        succeeded = True
        for row_id in owed:
            try:
                await self._database.write(lambda unit, row_id=row_id: self._react(unit, row_id))  # type: ignore[misc]
            except Exception:
                log.exception("reaction failed", row=row_id)
                succeeded = False
        return succeeded

    def _react(self, unit: Unit, row_id: int) -> None:
        row = unit.session.get(OutboxRow, row_id)
        if row is None:
            return
        reaction = self._reactions.get(row.topic)
        if reaction is not None:
            reaction(unit, row.payload)
        unit.session.delete(row)


def _owed(session: Session) -> list[int]:
    return list(session.scalars(select(OutboxRow.id).order_by(OutboxRow.id)))
