"""How many destructive steps may start within an hour, on all devices together.

Decided where permits are, in their own transaction; offers keep to it too, so that agents do not ask in vain.
Work that is not destructive costs nothing here.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from sqlalchemy import Connection, delete, func, insert, select

from backend_lite.core.settings import SettingValues
from backend_lite.features.runs.gates import Hold, Waits
from backend_lite.features.runs.moment import Moment
from backend_lite.features.runs.tables import (
    DESTRUCTIVE_OFFER,
    AttemptRow,
    DestructivePermitRow,
    RunRow,
    StepRow,
)

HOUR_MS = 3_600_000
_SETTING = "security.destructive_per_hour"


class Places:
    """`cap` places, of which some are `taken` since these times; each is free again an hour later, and goes
    to the next in line. `waiting` are the clocks of those who wait already. Both in order."""

    def __init__(self, cap: int, taken: Sequence[int], waiting: Sequence[int], now: int) -> None:
        self._cap = cap
        self._taken = [*taken[-cap:]]
        self._waiting = waiting
        self._now = now
        self._given = self._place = 0

    def take(self) -> Hold | None:
        """A place, or why there is none, until the first moment for which nobody waits yet."""
        if len(self._taken) < self._cap:
            self._taken.append(self._now)
            return None
        steps = "destructive step" if self._cap == 1 else "destructive steps"
        sentence = f"At most {self._cap} {steps} may start in an hour on all devices together."
        return Hold(Waits.RATE, sentence, self._next_clock())

    def _next_clock(self) -> int:
        while True:
            rounds, place = divmod(self._place, self._cap)
            clock = self._taken[place] + HOUR_MS * (1 + rounds)
            ahead = bisect_right(self._waiting, clock) + self._given
            self._place += 1
            if ahead < self._place:
                self._given += 1
                return clock


class DestructiveCap:
    """Its methods run inside units of work; `next_in_line` also in sessions that only read."""

    def __init__(self, settings: SettingValues) -> None:
        self._settings = settings

    def places(self, moment: Moment, *, offered: bool) -> Places | None:
        """For steps that are destructive; None where nothing limits them. `offered`: what is offered and may
        start at any moment has its place already."""
        cap = self._settings.whole(_SETTING)
        if not cap:
            return None
        connection, now = moment.connection, moment.now
        taken = _started(connection, now)
        if offered:
            taken += [now] * _offered(connection)
        return Places(cap, taken, _waiting(connection), now)

    def started(self, moment: Moment, attempt: AttemptRow) -> None:
        """A destructive one has its permit."""
        table = DestructivePermitRow
        moment.connection.execute(delete(table).where(table.permitted_at <= moment.now - HOUR_MS))
        moment.connection.execute(insert(table).values(attempt_id=attempt.id, permitted_at=moment.now))

    def next_in_line(self, connection: Connection, now: int) -> list[int]:
        """The ids of the runs that wait though there are places: more are allowed now, or those who were
        before them went away."""
        first = _WAITING.order_by(RunRow.not_until, RunRow.id)
        if connection.scalar(first.limit(1)) is None:
            return []
        cap = self._settings.whole(_SETTING)
        if not cap:
            return list(connection.scalars(first))
        free = cap - len(_started(connection, now)) - _offered(connection)
        return list(connection.scalars(first.limit(free))) if free > 0 else []


_WAITING = select(RunRow.id).where(RunRow.not_until.is_not(None), RunRow.reason == Waits.RATE)


def _started(connection: Connection, now: int) -> list[int]:
    """When those of the last hour were permitted, in order."""
    when = DestructivePermitRow.permitted_at
    return list(connection.scalars(select(when).where(when > now - HOUR_MS).order_by(when)))


def _offered(connection: Connection) -> int:
    return connection.scalar(select(func.count()).select_from(StepRow).where(DESTRUCTIVE_OFFER)) or 0


def _waiting(connection: Connection) -> list[int]:
    """The clocks of the runs that wait for a place, in order."""
    clocks = _WAITING.with_only_columns(RunRow.not_until).order_by(RunRow.not_until)
    return [clock for clock in connection.scalars(clocks) if clock is not None]
