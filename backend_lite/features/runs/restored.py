"""After a restore: what was open is not known until the devices tell, and they may tell by the old names."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import insert, literal, or_, select, update
from sqlalchemy.orm import Session

from agent.wire.messages import OpenAttempt
from agent.wire.states import RUN_ENDS, RunState, Source, StepState
from backend_lite.core.clock import Clock
from backend_lite.core.db.restored import Restored
from backend_lite.core.db.unit import Unit
from backend_lite.features.runs.epochs import Epochs
from backend_lite.features.runs.keeper import Keeper
from backend_lite.features.runs.lookup import find_steps
from backend_lite.features.runs.moment import Moment
from backend_lite.features.runs.parts import RunParts, insert_attempts, load_runs
from backend_lite.features.runs.rows import ATTEMPT_ROWS
from backend_lite.features.runs.tables import (
    HAS_OUTPUT,
    OPEN_STEP,
    AttemptRow,
    RestoredStepRow,
    RunRow,
    SmallOutputRow,
    StepRow,
)
from backend_lite.features.runs.transitions import lose_sight

REASON = "restored"
_AT_ONCE = 500
_OPEN_RUN = tuple(state for state in RunState if state not in RUN_ENDS)


class AfterRestore:
    """Its methods run inside the caller's unit."""

    def __init__(self, keeper: Keeper, epochs: Epochs, clock: Clock) -> None:
        self._keeper = keeper
        self._epochs = epochs
        self._clock = clock

    def take_notice(self, unit: Unit, restored: Restored) -> None:
        """Every open step becomes unknown: what was offered after the backup was made is not in it."""
        moment = Moment(unit, self._clock.now_ms())
        _remember_names(moment.session, restored.epoch)
        run_ids = moment.session.scalars(select(RunRow.id).where(RunRow.state.in_(_OPEN_RUN))).all()
        for start in range(0, len(run_ids), _AT_ONCE):
            runs = load_runs(moment.connection, run_ids[start : start + _AT_ONCE])
            for parts in runs:
                lose_sight(parts, moment.now, REASON)
            self._keeper.keep(moment, runs)
        if not restored.with_output:
            _note_missing_output(moment.session, moment.now)

    def adopt(self, moment: Moment, device_id: int, listed: Sequence[OpenAttempt]) -> None:
        """The device holds attempts of steps that were open in the backup: those that it got afterwards are
        not in it, nor are the nonces of their permits. Its newest attempt of a step is the step's."""
        newest: dict[int, tuple[int, OpenAttempt]] = {}
        for entry in listed:
            place = self._epochs.step_of(entry.attempt)
            if place is not None and self._epochs.is_restored(place[0]):
                step_id, n = place
                newest[step_id] = max(newest.get(step_id, (n, entry)), (n, entry), key=lambda one: one[0])
        runs = find_steps(moment.connection, device_id, list(newest))
        for step_id, parts in runs.items():
            step = parts.step(step_id)
            if step.state == StepState.UNKNOWN and step.source == Source.PRESUMED:
                _adopt(moment, parts, step, *newest[step_id])
        self._keeper.keep(moment, list({id(parts): parts for parts in runs.values()}.values()))

    def knows_of(self, listed: Sequence[OpenAttempt]) -> bool:
        """One of them may belong to such a step."""
        places = (self._epochs.step_of(entry.attempt) for entry in listed)
        return any(place is not None and self._epochs.is_restored(place[0]) for place in places)


def _adopt(moment: Moment, parts: RunParts, step: StepRow, n: int, entry: OpenAttempt) -> None:
    attempt = parts.attempt_of(step)
    if n > step.attempt:
        step.attempt = n
        parts.attempts[step.id] = ATTEMPT_ROWS.new(
            step_id=step.id, n=n, nonce=entry.nonce, offered_at=moment.now, permitted_at=moment.now
        )
        insert_attempts(moment.connection, [parts.attempts[step.id]])
    elif n == step.attempt and attempt is not None and attempt.nonce is None and attempt.outcome is None:
        attempt.nonce, attempt.permitted_at = entry.nonce, moment.now


def _remember_names(session: Session, epoch: str) -> None:
    in_doubt = (StepRow.state == StepState.UNKNOWN) & (StepRow.source == Source.PRESUMED)
    known = select(RestoredStepRow.step_id)
    named = select(StepRow.id, literal(epoch)).where(or_(OPEN_STEP, in_doubt), StepRow.id.not_in(known))
    session.execute(insert(RestoredStepRow).from_select(["step_id", "epoch"], named))


def _note_missing_output(session: Session, now: int) -> None:
    in_files = AttemptRow.id.not_in(select(SmallOutputRow.attempt_id))
    session.execute(
        update(AttemptRow)
        .where(HAS_OUTPUT, in_files)
        .values(output_removed_at=now, output_key=None)
        .execution_options(synchronize_session=False)
    )
