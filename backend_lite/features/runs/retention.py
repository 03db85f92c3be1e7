"""How long output and runs are kept: what an administrator decides, and the work that follows from it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import msgspec
import structlog
from litestar import get, post, put
from litestar.params import JSONBody
from sqlalchemy.orm import Session

from backend_lite.contract.output import RETENTION, RetentionPreview
from backend_lite.contract.output import Retention as Rules
from backend_lite.core.audit.record import Audit, Entity
from backend_lite.core.clock import Clock
from backend_lite.core.db.database import Database
from backend_lite.core.db.meta import get_meta, set_meta
from backend_lite.core.db.unit import Unit
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import USER
from backend_lite.errors import InvalidError
from backend_lite.features.runs.output_store import OutputStore
from backend_lite.features.runs.removal import (
    Removed,
    kept_in_files,
    output_size,
    remove_output,
    remove_runs,
)
from backend_lite.features.runs.retention_preview import look_ahead

log = structlog.get_logger(__name__)

EVERY_S = 600.0
MOST_DAYS = 36_500
_KEY = "retention"
_DAY_MS = 86_400_000


def read_rules(session: Session) -> Rules:
    kept = get_meta(session, _KEY)
    return msgspec.json.decode(kept, type=Rules) if kept else Rules()


def checked_rules(rules: Rules) -> Rules:
    """Raises InvalidError."""
    if not (0 <= rules.runs_days <= MOST_DAYS and 0 <= rules.output_days <= MOST_DAYS):
        raise InvalidError(f"runs_days and output_days are 0 (for ever) to {MOST_DAYS} days.")
    if rules.output_max_bytes < 0:
        raise InvalidError("output_max_bytes is 0 (no limit) or a number of bytes.")
    return rules


def change_rules(unit: Unit, rules: Rules, audit: Audit) -> Rules:
    """Raises InvalidError."""
    checked_rules(rules)
    before = read_rules(unit.session)
    audit.tell(unit, "retention.update", Entity("retention", ""), before=before, after=rules)
    set_meta(unit.session, _KEY, msgspec.json.encode(rules).decode())
    return rules


class Retention:
    """Removes in the background what the rules no longer keep; nothing of rollouts that have not ended."""

    def __init__(
        self,
        database: Database,
        output: OutputStore,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._database = database
        self._output = output
        self._clock = clock
        self._sleep = sleep

    async def run(self) -> None:
        """Until it is cancelled."""
        work = self.sweep
        while True:
            try:
                await work()
                work = self.turn
            except Exception:
                # Full disk, say: the next turn tries again.
                log.exception("retention failed")
            await self._sleep(EVERY_S)

    async def turn(self) -> None:
        """Remove everything that is due now."""
        rules = await self._database.read(read_rules)
        if rules.runs_days:
            await self._remove_runs(self._ago(rules.runs_days))
        if rules.output_days:
            await self._remove_output(self._ago(rules.output_days), None)
        if rules.output_max_bytes:
            over = await self._database.read(output_size) - rules.output_max_bytes
            if over > 0:
                await self._remove_output(None, over)

    async def sweep(self) -> None:
        """Delete files that a kill left behind: those of removed output, and of output in the database."""
        for ids in await asyncio.to_thread(self._output.files_of_attempts):
            kept = await self._database.read(partial(kept_in_files, attempt_ids=ids))
            left = [attempt_id for attempt_id in ids if attempt_id not in kept]
            if left:
                log.info("files that belong to no output are deleted", attempts=len(left))
                await self._output.remove(left)

    def _ago(self, days: int) -> int:
        return self._clock.now_ms() - days * _DAY_MS

    async def _remove_runs(self, before: int) -> None:
        while True:
            removed = await self._database.write(partial(remove_runs, before=before))
            if removed is None:
                return
            await self._delete_files(removed)

    async def _remove_output(self, before: int | None, most: int | None) -> None:
        while most is None or most > 0:
            now = self._clock.now_ms()
            removed = await self._database.write(partial(remove_output, now=now, before=before, most=most))
            await self._delete_files(removed)
            if not removed.attempt_ids:
                return
            most = None if most is None else most - removed.size

    async def _delete_files(self, removed: Removed) -> None:
        if removed.attempt_ids:
            await self._output.remove(removed.attempt_ids)


def retention_routes(database: Database, clock: Clock) -> Sequence[Route]:
    @get(RETENTION, permission="settings:view", audience=USER)
    async def get_retention() -> Rules:
        """What is removed, and when."""
        return await database.read(read_rules)

    @put(RETENTION, permission="settings:edit", audience=USER, step_up=True)
    async def put_retention(data: JSONBody[Rules]) -> Rules:
        """From the next turn on, some minutes from now."""
        return await database.write(lambda unit: change_rules(unit, data, Audit(clock)))

    @post(f"{RETENTION}/preview", status_code=200, permission="settings:view", audience=USER)
    async def preview_retention(data: JSONBody[Rules]) -> RetentionPreview:
        """What the next turn would remove by these rules; nothing is changed."""
        rules, now = checked_rules(data), clock.now_ms()
        return await database.read(lambda session: look_ahead(session, rules, now))

    return [get_retention, put_retention, preview_retention]
