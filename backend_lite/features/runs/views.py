"""Rows to what the contract shows, with the sentence why an open run waits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import msgspec
from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from agent.wire.states import RUN_ENDS, RolloutState, RunState, Source, StepState
from backend_lite.contract.common import format_time
from backend_lite.contract.live import ROLLOUT, RUN
from backend_lite.contract.runs import Counters, Policy, Rollout, Run, Step
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import Changed
from backend_lite.features.fleet.api import Hub
from backend_lite.features.runs.tables import RUN_STATES, AttemptRow, RolloutRow, RunRow, StepRow

SizesOf = Callable[[int], tuple[int, int] | None]


class Views:
    """`hub` tells who is connected, `sizes_of` how much output an open attempt has."""

    def __init__(self, hub: Hub, sizes_of: SizesOf) -> None:
        self._hub = hub
        self._sizes_of = sizes_of

    def rollout(self, row: RolloutRow) -> Rollout:
        return Rollout(
            id=row.id,
            title=row.title,
            state=RolloutState(row.state),
            script_id=row.script_id,
            revision_id=row.revision_id,
            revision=row.revision,
            type=row.type,
            arguments=row.arguments,
            parameters=row.parameters,
            policy=msgspec.convert(row.policy, Policy),
            counters=Counters(total=row.total, **{state: getattr(row, state) for state in RUN_STATES}),
            created_by=row.created_by,
            created_at=format_time(row.created_at),
            ended_at=_time(row.ended_at),
        )

    def run(self, session: Session, row: RunRow) -> Run:
        return self.runs(session, [row])[0]

    def runs(self, session: Session, rows: Sequence[RunRow]) -> list[Run]:
        """The runs of a page in three queries, whatever their number."""
        ids = [row.id for row in rows]
        steps: dict[int, list[StepRow]] = defaultdict(list)
        found = select(StepRow).where(StepRow.run_id.in_(ids)).order_by(StepRow.run_id, StepRow.n)
        for step in session.scalars(found):
            steps[step.run_id].append(step)
        rollout_ids = {row.rollout_id for row in rows}
        rollouts = {
            row.id: row for row in session.scalars(select(RolloutRow).where(RolloutRow.id.in_(rollout_ids)))
        }
        attempts = _current_attempts(session, [step for group in steps.values() for step in group])
        return [self._run(row, rollouts[row.rollout_id], steps[row.id], attempts) for row in rows]

    def publish(self, unit: Unit, run: RunRow, *, with_rollout: bool = True) -> None:
        """Tell consoles about the run, and its rollout, as they are now in this unit."""
        unit.session.flush()
        if with_rollout:
            rollout = unit.session.get_one(RolloutRow, run.rollout_id)
            self.publish_rollout(unit, rollout)
        unit.publish(Changed(RUN, run.id, msgspec.to_builtins(self.run(unit.session, run))))

    def publish_rollout(self, unit: Unit, rollout: RolloutRow) -> None:
        unit.publish(Changed(ROLLOUT, rollout.id, msgspec.to_builtins(self.rollout(rollout))))

    def _run(
        self, row: RunRow, rollout: RolloutRow, steps: list[StepRow], attempts: dict[int, AttemptRow]
    ) -> Run:
        waiting, until = self._waiting(row, steps)
        return Run(
            id=row.id,
            rollout_id=row.rollout_id,
            title=rollout.title,
            device_id=row.device_id,
            device=row.device,
            state=RunState(row.state),
            reason=row.reason,
            source=Source(row.source) if row.source else None,
            waiting=waiting,
            until=_time(until),
            created_at=format_time(row.created_at),
            started_at=_time(row.started_at),
            ended_at=_time(row.ended_at),
            created_by=rollout.created_by,
            steps=[self._step(step, attempts.get(step.id)) for step in steps],
        )

    def _step(self, row: StepRow, attempt: AttemptRow | None) -> Step:
        ended = attempt is not None and attempt.outcome is not None
        open_sizes = self._sizes_of(attempt.id) if attempt is not None and not ended else None
        kept = (attempt.stdout_size, attempt.stderr_size) if attempt is not None else (0, 0)
        total = (attempt.stdout_total, attempt.stderr_total) if attempt is not None and ended else kept
        stdout, stderr = open_sizes or kept
        return Step(
            id=row.id,
            n=row.n,
            type=row.type,
            name=row.name,
            state=StepState(row.state),
            reason=row.reason,
            source=Source(row.source) if row.source else None,
            attempt=row.attempt,
            exit_code=row.exit_code,
            timeout_s=row.timeout_s,
            started_at=_time(row.started_at),
            ended_at=_time(row.ended_at),
            duration_ms=row.duration_ms,
            stdout_size=stdout,
            stderr_size=stderr,
            stdout_total=max(total[0], stdout),
            stderr_total=max(total[1], stderr),
            truncated=total[0] > stdout or total[1] > stderr,
        )

    def _waiting(self, run: RunRow, steps: list[StepRow]) -> tuple[str, int | None]:
        """Why an open run waits, and until when (ms); nothing for one that runs undisturbed or has ended."""
        if run.state in RUN_ENDS:
            return "", None
        step = next((step for step in steps if step.ended_at is None), steps[-1])
        connected = self._hub.connected(run.device_id)
        if step.state in (StepState.QUEUED, StepState.OFFERED, StepState.WAITING):
            return self._before_start(run, step, connected), run.expires_at
        deadline = (step.started_at or run.created_at) + step.timeout_s * 1000
        if not connected:
            return f"No contact with {run.device}. The result is not known before it is back.", deadline
        if step.state == StepState.CANCELLING:
            return f"{run.device} has been told to stop and has not confirmed yet.", deadline
        return "", deadline

    def _before_start(self, run: RunRow, step: StepRow, connected: bool) -> str:
        if not connected:
            return f"{run.device} is offline. The run starts when it comes back."
        if not self._hub.may_work(run.device_id):
            return f"{run.device} may not work before it is approved."
        if step.state == StepState.OFFERED:
            return f"Offered to {run.device}, which has not started it yet."
        return f"Another run is under way on {run.device}."


def _current_attempts(session: Session, steps: Sequence[StepRow]) -> dict[int, AttemptRow]:
    wanted = [(step.id, step.attempt) for step in steps if step.attempt]
    if not wanted:
        return {}
    query = select(AttemptRow).where(tuple_(AttemptRow.step_id, AttemptRow.n).in_(wanted))
    return {attempt.step_id: attempt for attempt in session.scalars(query)}


def _time(value: int | None) -> str | None:
    return None if value is None else format_time(value)
