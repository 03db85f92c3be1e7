"""How a rollout goes on: it starts at its time, opens wave after wave, fills free places, stands still."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from agent.wire.states import RUN_ENDS, RolloutState, RunState, StepState
from backend_lite.contract.common import parse_time
from backend_lite.contract.runs import Policy
from backend_lite.features.fleet.api import Hub
from backend_lite.features.runs.dispatch import Dispatcher
from backend_lite.features.runs.gates import Waits, slots_left
from backend_lite.features.runs.keeper import Keeper
from backend_lite.features.runs.moment import Moment
from backend_lite.features.runs.parts import RolloutParts, load_rollout, load_runs
from backend_lite.features.runs.tables import JOINED_OPEN_STEP, RolloutRow, RunRow, StepRow
from backend_lite.features.runs.transitions import change_step
from backend_lite.features.runs.views import Views

AT_ONCE = 500
"""So many runs are opened by one look; what is left is opened by the next ones, which follow at once."""
LOOK_AGAIN_MS = 3_600_000
LOST_AGAIN_S = 30
"""A wave with lost devices is looked at again no sooner."""

_OPEN = tuple(state for state in RunState if state not in RUN_ENDS)


class Advance:
    """Its methods run inside units of work."""

    def __init__(self, hub: Hub, dispatcher: Dispatcher, keeper: Keeper, views: Views) -> None:
        self._hub = hub
        self._dispatcher = dispatcher
        self._keeper = keeper
        self._views = views

    def look(self, moment: Moment, rollout_id: int) -> None:
        """Let the rollout do what it can do now, and say when it is looked at next."""
        moment.fresh.clear()
        parts = load_rollout(moment.connection, rollout_id)
        if parts is None or parts.rollout.ended_at is not None or parts.rollout.state == RolloutState.HELD:
            return
        rollout, now = parts.rollout, moment.now
        again = rollout.look_at is not None and rollout.look_at <= now
        if rollout.state == RolloutState.WAITING and now >= not_before(parts.policy):
            rollout.state = RolloutState.RUNNING
        if rollout.state == RolloutState.RUNNING:
            self._next_wave(moment, parts)
        if again and rollout.look_at is not None and rollout.look_at <= now:
            rollout.look_at = next_look(rollout, parts.policy, now)
        self._save(moment, parts)
        self._release(moment, parts)

    def resume(self, moment: Moment, parts: RolloutParts) -> None:
        """A person says that it may go on: with the wave, or where it is not halted with the next one."""
        rollout = parts.rollout
        if rollout.state == RolloutState.HALTED:
            rollout.state = first_state(parts.policy, moment.now)
            rollout.forgiven = rollout.failed + rollout.unknown
        else:
            rollout.wave += 1
        rollout.halt_reason, rollout.look_at = None, moment.now
        self._save(moment, parts)
        for device_id in _queued_devices(moment.session, rollout.id):
            moment.device_is_free(device_id)
        moment.look_at(rollout.id)

    def approve(self, moment: Moment, parts: RolloutParts) -> None:
        """One that was held may begin, at its time."""
        parts.rollout.state, parts.rollout.look_at = first_state(parts.policy, moment.now), moment.now
        self._save(moment, parts)
        moment.look_at(parts.rollout.id)

    def halt(self, moment: Moment, parts: RolloutParts, reason: str) -> None:
        parts.rollout.state, parts.rollout.halt_reason = RolloutState.HALTED, reason
        self._save(moment, parts)
        moment.look_at(parts.rollout.id)

    def _save(self, moment: Moment, parts: RolloutParts) -> None:
        if parts.save(moment.connection):
            self._views.publish_progress(moment.unit, parts.rollout)

    def _release(self, moment: Moment, parts: RolloutParts) -> None:
        rollout = parts.rollout
        if rollout.state == RolloutState.HALTED:
            self._withdraw(moment, rollout.id)
        elif rollout.state == RolloutState.RUNNING:
            self._open(moment, rollout)
            self._fill(moment, parts)

    def _withdraw(self, moment: Moment, rollout_id: int) -> None:
        """Take back the offers that have not become permits."""
        offered = (
            select(StepRow.run_id)
            .join(RunRow, RunRow.id == StepRow.run_id)
            .where(RunRow.rollout_id == rollout_id, JOINED_OPEN_STEP, StepRow.state == StepState.OFFERED)
        )
        runs = load_runs(moment.connection, moment.session.scalars(offered.order_by(RunRow.id)))
        for parts in runs:
            self._dispatcher.put_back(moment, parts, parts.next_step, None)
        self._keeper.keep(moment, runs)

    def _open(self, moment: Moment, rollout: RolloutRow) -> None:
        """Queue the runs whose wave has come."""
        ids = _closed_runs(moment.session, rollout)
        runs = load_runs(moment.connection, ids[:AT_ONCE])
        for parts in runs:
            change_step(parts, parts.next_step, StepState.QUEUED, moment.now)
            self._dispatcher.turn_away(moment, parts)
        if runs and len(ids) > AT_ONCE:
            runs[0].rollout.look_at = moment.now
        self._keeper.keep(moment, runs)

    def _fill(self, moment: Moment, parts: RolloutParts) -> None:
        """Give free places to devices that were turned away for want of one."""
        rollout = parts.rollout
        left = slots_left(rollout, parts.policy)
        if left is None or left <= 0 or not rollout.waiting:
            return
        query = select(RunRow.id).where(
            RunRow.rollout_id == rollout.id,
            RunRow.state == RunState.WAITING,
            RunRow.reason == Waits.CONCURRENCY,
        )
        ids = list(moment.session.scalars(query.order_by(RunRow.id).limit(left)))
        runs = load_runs(moment.connection, ids)
        for run in runs:
            change_step(run, run.next_step, StepState.QUEUED, moment.now)
            self._dispatcher.turn_away(moment, run)
        self._keeper.keep(moment, runs)

    def _next_wave(self, moment: Moment, parts: RolloutParts) -> None:
        """Open the next wave where the one under way is done and its devices are well."""
        rollout, policy = parts.rollout, parts.policy
        if rollout.wave >= len(rollout.waves) or _is_under_way(moment.session, rollout):
            return
        done = f"Wave {rollout.wave} of {len(rollout.waves)} is done."
        waves = policy.waves
        assert waves is not None
        if waves.by_hand:
            rollout.halt_reason = f"{done} The next one starts when somebody resumes the rollout."
        elif rollout.halt_reason is None and waves.healthy_for_s:
            rollout.look_at = moment.now + waves.healthy_for_s * 1000
            rollout.halt_reason = f"{done} The next one starts if no device of it is lost until then."
        elif rollout.halt_reason is None or (rollout.look_at or 0) <= moment.now:
            self._open_if_well(moment, parts, done)

    def _open_if_well(self, moment: Moment, parts: RolloutParts, done: str) -> None:
        rollout = parts.rollout
        took_part = _took_part(moment.session, rollout)
        lost = [name for device_id, name in took_part if not self._hub.connected(device_id)]
        if not lost:
            rollout.wave += 1
            rollout.halt_reason, rollout.look_at = None, moment.now
            return
        assert parts.policy.waves is not None
        patience = max(parts.policy.waves.healthy_for_s, LOST_AGAIN_S)
        rollout.look_at = moment.now + patience * 1000
        named = ", ".join(lost[:3]) + (f" and {len(lost) - 3} more" if len(lost) > 3 else "")
        verb = "is" if len(lost) == 1 else "are"
        rollout.halt_reason = (
            f"{done} {named} {verb} lost since. The next one starts once all of its devices are back, or "
            "when somebody resumes the rollout."
        )


def not_before(policy: Policy) -> int:
    """The earliest start (ms); 0 where there is none."""
    if policy.not_before is None:
        return 0
    return round(parse_time(policy.not_before).timestamp() * 1000)


def first_state(policy: Policy, now: int) -> RolloutState:
    """Of a rollout that nobody holds or halts."""
    return RolloutState.WAITING if not_before(policy) > now else RolloutState.RUNNING


def next_look(rollout: RolloutRow, policy: Policy, now: int) -> int:
    """When an open rollout is looked at next if nothing happens."""
    start = not_before(policy)
    if start > now:
        return start
    expiry = max(rollout.created_at, start) + policy.expires_after_s * 1000
    return expiry if expiry > now else now + LOOK_AGAIN_MS


def _closed_runs(session: Session, rollout: RolloutRow) -> list[int]:
    """Runs that wait for their wave, an approval or the rollout's start though these have come."""
    query = select(RunRow.id).where(
        RunRow.rollout_id == rollout.id,
        RunRow.state == RunState.WAITING,
        RunRow.reason.in_((Waits.WAVE, Waits.NOT_BEFORE, Waits.APPROVAL)),
        RunRow.wave <= rollout.wave,
    )
    return list(session.scalars(query.order_by(RunRow.id).limit(AT_ONCE + 1)))


def _is_under_way(session: Session, rollout: RolloutRow) -> bool:
    """A run of the waves so far has not ended."""
    query = select(RunRow.id).where(
        RunRow.rollout_id == rollout.id, RunRow.state.in_(_OPEN), RunRow.wave <= rollout.wave
    )
    return session.scalar(query.limit(1)) is not None


def _took_part(session: Session, rollout: RolloutRow) -> list[tuple[int, str]]:
    """(id, name) of the devices of the wave that started their run."""
    query = select(RunRow.device_id, RunRow.device).where(
        RunRow.rollout_id == rollout.id, RunRow.wave == rollout.wave, RunRow.started_at.is_not(None)
    )
    return [(device_id, name) for device_id, name in session.execute(query)]


def _queued_devices(session: Session, rollout_id: int) -> list[int]:
    query = select(RunRow.device_id).where(
        RunRow.rollout_id == rollout_id, RunRow.state.in_((RunState.QUEUED, RunState.RUNNING))
    )
    return list(session.scalars(query.order_by(RunRow.id)))
