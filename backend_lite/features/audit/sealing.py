"""Old events go from the database into sealed segments."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.orm import Session

from backend_lite.contract.audit import ActionType, AuditVerdict
from backend_lite.core.audit.record import Audit, Entity
from backend_lite.core.audit.segments import write_segment
from backend_lite.core.clock import Clock
from backend_lite.core.db.audit_rows import events_after, replace_by_segment, segments
from backend_lite.core.db.database import Database
from backend_lite.core.db.unit import Unit
from backend_lite.features.audit.check import verify_in_slices

log = structlog.get_logger(__name__)

EVERY_S = 6 * 3600.0
MOST = 20_000
"""Events of a segment."""
_DAY_MS = 86_400_000


class Sealing:
    """`days` says how long events stay in the database; 0: for ever."""

    def __init__(
        self,
        database: Database,
        folder: Path,
        clock: Clock,
        audit: Audit,
        days: Callable[[], int],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._database = database
        self._folder = folder
        self._clock = clock
        self._audit = audit
        self._days = days
        self._sleep = sleep
        # A check reads in slices: between two of them nothing may be taken away.
        self._alone = asyncio.Lock()

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            try:
                await self.turn()
            except Exception:
                # Full disk, say: the next turn tries again.
                log.exception("old events of the audit could not be sealed")
            await self._sleep(EVERY_S)

    async def turn(self) -> int:
        """Seal all that is old enough; how many events that were."""
        sealed = 0
        while (days := self._days()) and (count := await self._seal(days)):
            sealed += count
        return sealed

    async def verify(self) -> AuditVerdict:
        async with self._alone:
            return await verify_in_slices(self._database, self._folder)

    async def _seal(self, days: int) -> int:
        now = self._clock.now_ms()
        async with self._alone:
            events = await self._database.read(lambda session: _old_events(session, now - days * _DAY_MS))
            if not events:
                return 0
            segment = await asyncio.to_thread(write_segment, self._folder, events, now)
            await self._database.write(lambda unit: self._replace(unit, segment))
        log.info("old events of the audit were sealed", events=len(events), file=segment["file_name"])
        return len(events)

    def _replace(self, unit: Unit, segment: dict[str, Any]) -> None:
        replace_by_segment(unit, segment)
        said = f"{segment['events']} old events of the audit went into {segment['file_name']}."
        self._audit.record(
            unit, "audit.seal", ActionType.SYSTEM, Entity("audit", ""), said, details=dict(segment)
        )


def _old_events(session: Session, before: int) -> list[dict[str, Any]]:
    known = segments(session)
    return events_after(session, known[-1]["last_id"] if known else 0, MOST, before)
