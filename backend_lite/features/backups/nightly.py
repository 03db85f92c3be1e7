"""The backup of every night: made when its time has come, or as soon as the service is there afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import structlog
from sqlalchemy.orm import Session

from backend_lite.core.clock import Clock
from backend_lite.core.db.database import Database
from backend_lite.core.db.meta import get_meta, set_meta
from backend_lite.core.db.unit import Unit
from backend_lite.errors import ConflictError, ServiceError
from backend_lite.features.backups.backups import Backups
from backend_lite.features.backups.rules import last_due, read_rules

log = structlog.get_logger(__name__)

EVERY_S = 30.0
AGAIN_MS = 3_600_000
"""One that failed is tried again after so long."""
_TRIED, _MADE = "backup_tried_at", "backup_made_at"


class Nightly:
    def __init__(
        self,
        database: Database,
        clock: Clock,
        backups: Backups,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._database = database
        self._clock = clock
        self._backups = backups
        self._sleep = sleep

    async def run(self) -> None:
        """Until it is cancelled."""
        work = self._first_look
        while True:
            try:
                await work()
                work = self.look
            except Exception:
                # Full disk, say: the next look tries again.
                log.exception("the look for a nightly backup failed")
            await self._sleep(EVERY_S)

    async def _first_look(self) -> None:
        await self._database.write(self._begin)
        await self.look()

    async def look(self) -> None:
        """Make a backup if one is due."""
        if not await self._database.read(self._is_due):
            return
        now = str(self._clock.now_ms())
        try:
            await self._backups.create_nightly()
        except ConflictError:
            # Somebody is at it: the next look finds out.
            return
        except (ServiceError, OSError) as error:
            log.warning("the nightly backup failed", reason=str(error))
            await self._database.write(partial(_note, values={_TRIED: now}))
            await self._backups.set_problem(str(error))
            return
        await self._database.write(partial(_note, values={_TRIED: now, _MADE: now}))
        await self._backups.set_problem("")

    def _begin(self, unit: Unit) -> None:
        """A new service has a whole day before its first one."""
        if get_meta(unit.session, _MADE) is None:
            _note(unit, {_MADE: str(self._clock.now_ms())})

    def _is_due(self, session: Session) -> bool:
        rules, now = read_rules(session), self._clock.now_ms()
        made, tried = int(get_meta(session, _MADE) or now), int(get_meta(session, _TRIED) or 0)
        failed = tried > made
        return rules.nightly and made < last_due(rules, now) and (not failed or now - tried >= AGAIN_MS)


def _note(unit: Unit, values: dict[str, str]) -> None:
    for key, value in values.items():
        set_meta(unit.session, key, value)
