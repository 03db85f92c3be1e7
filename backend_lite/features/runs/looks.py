"""What clocks do: once a second, everything whose time has come is looked at."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from sqlalchemy import Select, and_, bindparam, select
from sqlalchemy.orm import Session

from agent.wire.states import RUN_ENDS, RolloutState, RunState, Source, StepState
from backend_lite.contract.runs import OfflinePolicy
from backend_lite.core.db.base import EpochMs
from backend_lite.core.db.database import Database
from backend_lite.core.db.unit import Unit
from backend_lite.features.fleet.api import Hub
from backend_lite.features.runs.approvals import Approvals
from backend_lite.features.runs.clock_jumps import SteadyClock, newest_time, shift_clocks
from backend_lite.features.runs.destructive_cap import DestructiveCap
from backend_lite.features.runs.flow import Flow
from backend_lite.features.runs.gates import Waits
from backend_lite.features.runs.keeper import Keeper
from backend_lite.features.runs.moment import Moment
from backend_lite.features.runs.parts import RunParts, load_rollout, load_runs
from backend_lite.features.runs.pauses import Pauses
from backend_lite.features.runs.stranded import EVERY_S, stranded_devices
from backend_lite.features.runs.tables import PauseRow, RolloutRow, RunRow, StepRow
from backend_lite.features.runs.transitions import change_step

log = structlog.get_logger(__name__)

AT_ONCE = 500
"""So many runs are looked at in one write; the others follow at once."""
WRITES_A_LOOK = 200
PATIENCE_S = 60.0
"""So long after a start nobody is taken for lost: agents need time to come back."""
LOST_AGAIN_MS = 86_400_000

BEFORE_START = (StepState.WAITING, StepState.QUEUED, StepState.OFFERED)
_TAKES_ITS_TIME = (StepState.RUNNING, StepState.CANCELLING)
_OPEN = tuple(state for state in RunState if state not in RUN_ENDS)


@dataclass(frozen=True, slots=True)
class Due:
    """Ids of what is due; the first ones where there is much."""

    rollouts: list[int]
    waits: list[int]
    expired: list[int]
    pauses: bool

    def __bool__(self) -> bool:
        return bool(self.rollouts or self.waits or self.expired or self.pauses)


class Looks:
    """`look` is called once a second."""

    def __init__(
        self,
        database: Database,
        clock: SteadyClock,
        hub: Hub,
        keeper: Keeper,
        flow: Flow,
        pauses: Pauses,
        approvals: Approvals,
        cap: DestructiveCap,
    ) -> None:
        self._database = database
        self._clock = clock
        self._hub = hub
        self._keeper = keeper
        self._flow = flow
        self._pauses = pauses
        self._approvals = approvals
        self._cap = cap
        self._patient_until = clock.monotonic() + PATIENCE_S
        self._next_search = clock.monotonic() + EVERY_S

    async def start(self) -> None:
        """The wall clock may have been set back while the service was away."""
        newest = await self._database.read(newest_time)
        await self._shift(self._clock.set_back(newest))
        await self._database.write(self._defer)

    async def look(self) -> None:
        """Do what is due, in writes that leave room for others between them."""
        await self._shift(self._clock.jump())
        for _ in range(WRITES_A_LOOK):
            due = await self._database.read(self._due)
            if not due:
                break
            await self._database.write(lambda unit, due=due: self._act(unit, due))  # type: ignore[misc]
        if self._clock.monotonic() >= self._next_search:
            self._next_search = self._clock.monotonic() + EVERY_S
            await self._wake_stranded()
            await self._wake_capped()

    async def _shift(self, by_ms: int) -> None:
        if by_ms:
            log.warning("the wall clock has jumped; clocks of open work move along", by_s=by_ms // 1000)
            with self._clock.adopting() as adopt:
                await self._database.write(lambda unit: shift_clocks(unit.session, by_ms, adopt()))

    async def _wake_stranded(self) -> None:
        found = await self._database.read(lambda session: stranded_devices(session, self._hub))
        for ids in (found[start : start + AT_ONCE] for start in range(0, len(found), AT_ONCE)):
            log.warning("work was waiting for devices that are there", devices=ids[:10], all=len(ids))
            await self._database.write(lambda unit, ids=ids: self._wake(unit, ids))  # type: ignore[misc]

    async def _wake_capped(self) -> None:
        now = self._clock.now_ms()
        ids = await self._database.read(lambda session: self._cap.next_in_line(session.connection(), now))
        for some in (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE)):
            await self._database.write(lambda unit, some=some: self._begin_turn(unit, some))  # type: ignore[misc]

    def _begin_turn(self, unit: Unit, run_ids: list[int]) -> None:
        """Their turn has come, sooner than their clocks say."""
        moment = Moment(unit, self._clock.now_ms())
        runs = load_runs(unit.connection, run_ids)
        for parts in runs:
            if parts.next_step.state == StepState.WAITING and parts.next_step.reason == Waits.RATE:
                change_step(parts, parts.next_step, StepState.QUEUED, moment.now)
        self._keeper.keep(moment, runs)
        self._flow.settle(moment)

    def _wake(self, unit: Unit, device_ids: list[int]) -> None:
        moment = Moment(unit, self._clock.now_ms())
        for device_id in device_ids:
            moment.device_is_free(device_id)
        self._flow.settle(moment)

    def _due(self, session: Session) -> Due:
        now = {"now": self._clock.now_ms()}
        return Due(
            list(session.scalars(_DUE_ROLLOUTS, now)),
            list(session.scalars(_DUE_WAITS, now)),
            list(session.scalars(_EXPIRED, now)),
            session.scalar(_OVER_PAUSE, now) is not None,
        )

    def _is_patient(self) -> bool:
        return self._clock.monotonic() < self._patient_until

    def _defer(self, unit: Unit) -> None:
        """Soon after a start nobody knows which devices are there: what depends on that has to wait."""
        until = self._clock.now_ms() + round(PATIENCE_S * 1000)
        due = select(RolloutRow.id).where(RolloutRow.look_at < until, RolloutRow.state != RolloutState.HELD)
        for rollout_id in unit.session.scalars(due).all():
            parts = load_rollout(unit.connection, rollout_id)
            assert parts is not None
            if parts.rollout.waves or parts.policy.offline is not OfflinePolicy.QUEUE:
                parts.rollout.look_at = until
                parts.save(unit.connection)

    def _act(self, unit: Unit, due: Due) -> None:
        moment = Moment(unit, self._clock.now_ms())
        if due.pauses:
            self._pauses.end_due(unit)
        # Before their runs expire by themselves: a run says why it never began.
        self._approvals.expire(unit, due.rollouts)
        expired = load_runs(unit.connection, due.expired)
        for parts in expired:
            self._expire(moment, parts)
        self._keeper.keep(moment, expired)
        waits = load_runs(unit.connection, due.waits)
        for parts in waits:
            self._end_wait(moment, parts)
        self._keeper.keep(moment, waits)
        for rollout_id in due.rollouts:
            moment.look_at(rollout_id)
        self._flow.settle(moment)

    def _expire(self, moment: Moment, parts: RunParts) -> None:
        """End what no device took in time."""
        step = parts.next_step
        if parts.run.expires_at <= moment.now and step.state in BEFORE_START:
            self._end(moment, parts, "not_taken_in_time")

    def _end_wait(self, moment: Moment, parts: RunParts) -> None:
        run, step = parts.run, parts.next_step
        if run.not_until is None or run.not_until > moment.now:
            return
        if step.state in _TAKES_ITS_TIME:
            self._end_silence(moment, parts, step)
        elif step.state == StepState.WAITING and step.reason == Waits.REBOOT:
            self._end(moment, parts, "no_reboot")
        elif step.state == StepState.WAITING:
            change_step(parts, step, StepState.QUEUED, moment.now)
        else:
            run.not_until = None

    def _end_silence(self, moment: Moment, parts: RunParts, step: StepRow) -> None:
        """A step should have ended long ago. Its device may still know; until it says so, nobody does."""
        if self._hub.connected(step.device_id):
            parts.run.not_until = moment.now + LOST_AGAIN_MS
        elif self._is_patient():
            parts.run.not_until = moment.now + round(PATIENCE_S * 1000)
        else:
            change_step(
                parts, step, StepState.UNKNOWN, moment.now, reason="no_contact", source=Source.PRESUMED
            )

    def _end(self, moment: Moment, parts: RunParts, reason: str) -> None:
        """The next step expires; the rest is skipped."""
        change_step(
            parts, parts.next_step, StepState.EXPIRED, moment.now, reason=reason, source=Source.PRESUMED
        )


def _expired() -> Select[int]:
    under_way = select(StepRow.id).where(StepRow.run_id == RunRow.id, StepRow.state.in_(_TAKES_ITS_TIME))
    return select(RunRow.id).where(
        RunRow.state.in_(_OPEN), and_(RunRow.expires_at <= _NOW, ~under_way.exists())
    )


# Made once: they are asked for every second, and to make one takes longer than to answer it.
_NOW = bindparam("now", type_=EpochMs)
_DUE_ROLLOUTS = (
    select(RolloutRow.id).where(RolloutRow.look_at <= _NOW).order_by(RolloutRow.look_at).limit(AT_ONCE)
)
_DUE_WAITS = (
    select(RunRow.id)
    .where(RunRow.not_until <= _NOW, RunRow.ended_at.is_(None))
    .order_by(RunRow.not_until)
    .limit(AT_ONCE)
)
_EXPIRED = _expired().limit(AT_ONCE)
_OVER_PAUSE = select(PauseRow.id).where(PauseRow.until <= _NOW).limit(1)
