"""A run with everything that changes along with it, loaded by one query."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from backend_lite.features.runs.tables import OPEN_STEP, AttemptRow, RolloutRow, RunRow, StepRow


@dataclass(slots=True)
class RunParts:
    """`steps` in their order; `attempts` are the current ones, by step id."""

    rollout: RolloutRow
    run: RunRow
    steps: list[StepRow] = field(default_factory=list)
    attempts: dict[int, AttemptRow] = field(default_factory=dict)

    def attempt_of(self, step: StepRow) -> AttemptRow | None:
        return self.attempts.get(step.id)


def load_runs(session: Session, run_ids: Iterable[int]) -> list[RunParts]:
    """The runs that there are, in the order of `run_ids`."""
    wanted = list(run_ids)
    found = {parts.run.id: parts for parts in _load(session, RunRow.id.in_(wanted))}
    return [found[run_id] for run_id in wanted if run_id in found]


def load_run(session: Session, run_id: int) -> RunParts | None:
    return next(iter(_load(session, RunRow.id == run_id)), None)


def load_run_of_step(session: Session, step_id: int, device_id: int) -> RunParts | None:
    """The run that has the step, if it is the device's."""
    has_it = RunRow.id.in_(
        select(StepRow.run_id).where(StepRow.id == step_id, StepRow.device_id == device_id)
    )
    return next(iter(_load(session, has_it)), None)


def load_open_runs(session: Session, device_id: int) -> list[RunParts]:
    """The device's runs that have a step which has not ended, oldest first."""
    has_open_step = select(StepRow.run_id).where(StepRow.device_id == device_id, OPEN_STEP)
    return _load(session, RunRow.id.in_(has_open_step))


def _load(session: Session, which: Any) -> list[RunParts]:
    found: dict[int, RunParts] = {}
    for rollout, run, step, attempt in session.execute(_QUERY.where(which)):
        parts = found.setdefault(run.id, RunParts(rollout, run))
        parts.steps.append(step)
        if attempt is not None:
            parts.attempts[step.id] = attempt
    return list(found.values())


_QUERY = (
    select(RolloutRow, RunRow, StepRow, AttemptRow)
    .join(RunRow, RunRow.rollout_id == RolloutRow.id)
    .join(StepRow, StepRow.run_id == RunRow.id)
    .outerjoin(AttemptRow, and_(AttemptRow.step_id == StepRow.id, AttemptRow.n == StepRow.attempt))
    .order_by(RunRow.id, StepRow.n)
)
