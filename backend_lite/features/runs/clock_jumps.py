"""A wall clock that is set by years must neither expire nor strand what is open."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session

from agent.wire.states import RolloutState
from backend_lite.contract.approvals import ApprovalState
from backend_lite.core.clock import Clock
from backend_lite.features.runs.gates import Waits
from backend_lite.features.runs.tables import ApprovalRow, DestructivePermitRow, RolloutRow, RunRow

JUMP_MS = 86_400_000
"""A clock that moved by less is taken at its word: it was corrected, or the machine slept."""

_BY_DURATION = (Waits.RETRY, Waits.REBOOT, Waits.RATE)


class SteadyClock:
    """The clock of this area. When the wall clock is set by more than a day, it goes on as if nothing had
    happened until the jump is adopted: by then what is open has been moved along, in the same write."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known = (clock.now_ms(), clock.monotonic())

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def now_ms(self) -> int:
        known_wall, known_monotonic = self._known
        wall, monotonic = self._clock.now_ms(), self._clock.monotonic()
        expected = known_wall + round((monotonic - known_monotonic) * 1000)
        if abs(wall - expected) > JUMP_MS:
            return expected
        self._known = (wall, monotonic)
        return wall

    def jump(self) -> int:
        """By how much (ms) the wall clock was set and this one was not; 0 where that is within a day."""
        moved = self._clock.now_ms() - self.now_ms()
        return moved if abs(moved) > JUMP_MS else 0

    @contextlib.contextmanager
    def adopting(self) -> Iterator[Callable[[], int]]:
        """Hands out what adopts the jump: from that call on the time is what the wall clock says, and it
        returns that (ms). What raises afterwards takes it back."""
        known = self._known
        try:
            yield self._adopt
        except BaseException:
            self._known = known
            raise

    def _adopt(self) -> int:
        self._known = (self._clock.now_ms(), self._clock.monotonic())
        return self._known[0]

    def set_back(self, newest_ms: int) -> int:
        """By how much (ms, negative) the wall clock is behind what was written before the service started."""
        behind = self._clock.now_ms() - newest_ms
        return behind if behind < -JUMP_MS else 0


def newest_time(session: Session) -> int:
    """When the newest open rollout was made, or an open run of one last changed hands (ms)."""
    made = session.scalar(select(func.max(RolloutRow.created_at)).where(RolloutRow.ended_at.is_(None)))
    started = session.scalar(select(func.max(RunRow.started_at)).where(RunRow.ended_at.is_(None)))
    return max(made or 0, started or 0)


def shift_clocks(session: Session, by_ms: int, now: int) -> None:
    """Durations that run move along with the clock: what had two days left has two days left. Waits for a
    date are looked at again now. What is under way is timed by its agent, which asks no wall clock."""
    waits = case((RunRow.reason.in_(_BY_DURATION), RunRow.not_until + by_ms), else_=now)
    under_way = RunRow.not_until.is_not(None)
    session.execute(
        update(RunRow)
        .where(RunRow.ended_at.is_(None))
        .values(
            expires_at=RunRow.expires_at + by_ms,
            not_until=case((~under_way, None), (RunRow.reason == "", RunRow.not_until + by_ms), else_=waits),
        )
        .execution_options(synchronize_session=False)
    )
    healing = (RolloutRow.halt_reason.is_not(None)) & (RolloutRow.state == "running")
    held = RolloutRow.state == RolloutState.HELD
    session.execute(
        update(RolloutRow)
        .where(RolloutRow.ended_at.is_(None))
        .values(look_at=case((healing | held, RolloutRow.look_at + by_ms), else_=now))
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(ApprovalRow)
        .where(ApprovalRow.state == ApprovalState.WAITING)
        .values(expires_at=ApprovalRow.expires_at + by_ms)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(DestructivePermitRow)
        .values(permitted_at=DestructivePermitRow.permitted_at + by_ms)
        .execution_options(synchronize_session=False)
    )
