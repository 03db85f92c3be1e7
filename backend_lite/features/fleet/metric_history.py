"""What devices were doing, kept for a month: a few bytes of each every five minutes."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence

import structlog
from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.orm import Session

from backend_lite.contract.fleet import METRIC_DAYS, METRIC_STEP_S, Contact, MetricHistory
from backend_lite.core.clock import Clock
from backend_lite.core.db.database import Database
from backend_lite.core.db.prepared import BulkInsert
from backend_lite.core.db.unit import Unit
from backend_lite.errors import InvalidError
from backend_lite.features.fleet.devices import active_row
from backend_lite.features.fleet.merging import line_of
from backend_lite.features.fleet.metric_bytes import DAY_MS, SLOTS, STEP_MS, packed, placed, points_of
from backend_lite.features.fleet.presence import Presence
from backend_lite.features.fleet.tables import DeviceRow, MetricDayRow

log = structlog.get_logger(__name__)

SLICE = 500
"""Devices in a write: others wait no longer than for that."""
MOST_HOURS = METRIC_DAYS * 24
MOST_POINTS = 400

Sample = tuple[int, bytes]

_OF_DAY = select(MetricDayRow.device_id, MetricDayRow.samples).where(
    MetricDayRow.day == bindparam("day"), MetricDayRow.device_id.in_(bindparam("ids", expanding=True))
)
_THERE = select(DeviceRow.id).where(DeviceRow.id.in_(bindparam("ids", expanding=True)))
_GONE = delete(MetricDayRow).where(
    MetricDayRow.day == bindparam("day"), MetricDayRow.device_id.in_(bindparam("ids", expanding=True))
)
_INSERT = BulkInsert(MetricDayRow.__table__, ("device_id", "day", "samples"))  # type: ignore[arg-type]


class MetricHistories:
    """`sample` is done at every fifth minute of the hour."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        presence: Presence,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._database = database
        self._clock = clock
        self._presence = presence
        self._sleep = sleep
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="metric history")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def sample(self) -> None:
        """Keep what every device in contact is doing now."""
        day, slot = divmod(self._clock.now_ms() // STEP_MS, SLOTS)
        seen = [
            (device_id, packed(sighting.metrics))
            for device_id, sighting in self._presence.snapshot().items()
            if sighting.metrics is not None and sighting.contact is Contact.ONLINE
        ]
        for start in range(0, len(seen), SLICE):
            part = seen[start : start + SLICE]
            await self._database.write(lambda unit, part=part: keep(unit, day, slot, part))  # type: ignore[misc]

    async def clear(self) -> None:
        """Remove what is older than a month."""
        first = self._clock.now_ms() // DAY_MS - METRIC_DAYS
        while await self._database.write(lambda unit: remove(unit, first)):
            pass

    def read(self, session: Session, device_id: int, hours: int) -> MetricHistory:
        """Of the device and of those that it took over from. Raises NotFoundError, InvalidError."""
        if not 1 <= hours <= MOST_HOURS:
            raise InvalidError(f"hours is 1 to {MOST_HOURS}: the history goes back {METRIC_DAYS} days.")
        active_row(session, device_id)
        # What is being kept for the present step is not there yet.
        until = self._clock.now_ms() // STEP_MS + 1
        together = max(1, -(-hours * 3600 // METRIC_STEP_S // MOST_POINTS))
        since = (until - hours * 3600 // METRIC_STEP_S) // together * together
        rows = session.execute(
            select(MetricDayRow.day, MetricDayRow.samples).where(
                MetricDayRow.day.in_(range(since // SLOTS, until // SLOTS + 1)),
                MetricDayRow.device_id.in_(line_of(session, device_id)),
            )
        )
        days: dict[int, list[bytes]] = defaultdict(list)
        for day, samples in rows:
            days[day].append(samples)
        return MetricHistory(together * METRIC_STEP_S, points_of(days, since, until, together))

    async def _run(self) -> None:
        cleared = -1
        while True:
            now = self._clock.now_ms()
            await self._sleep((STEP_MS - now % STEP_MS) / 1000)
            try:
                await self.sample()
                if (day := self._clock.now_ms() // DAY_MS) != cleared:
                    await self.clear()
                    cleared = day
            except Exception:
                # A full disk, say: this moment is missing, the next one is not.
                log.exception("metrics could not be kept")


def keep(unit: Unit, day: int, slot: int, samples: Sequence[Sample]) -> None:
    """Put one sample of each device into its place of the day."""
    connection, ids = unit.connection, [device_id for device_id, _ in samples]
    of_day = {"day": day, "ids": ids}
    there = {row[0] for row in connection.execute(_THERE, {"ids": ids})}
    before: dict[int, bytes] = {row[0]: row[1] for row in connection.execute(_OF_DAY, of_day)}
    if before:
        connection.execute(_GONE, of_day)
    rows = [
        (device_id, day, placed(before.get(device_id, b""), slot, sample))
        for device_id, sample in samples
        if device_id in there
    ]
    _INSERT.run(connection, rows)


def remove(unit: Unit, first: int) -> int:
    """Remove some of what is older than the day `first`; how much it was."""
    oldest = unit.session.scalar(select(func.min(MetricDayRow.day)).where(MetricDayRow.day < first))
    if oldest is None:
        return 0
    ids = unit.session.scalars(
        select(MetricDayRow.device_id).where(MetricDayRow.day == oldest).limit(SLICE)
    ).all()
    unit.connection.execute(_GONE, {"day": oldest, "ids": ids})
    return len(ids)


def forget(unit: Unit, device_id: int, now_ms: int) -> None:
    """Remove all that is kept of a device."""
    today = now_ms // DAY_MS
    of_device = MetricDayRow.device_id == device_id
    # By days, because that is how the rows are found.
    days = range(today - METRIC_DAYS - 1, today + 2)
    unit.connection.execute(delete(MetricDayRow).where(MetricDayRow.day.in_(days), of_device))
