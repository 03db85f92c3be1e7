"""The tasks of rollouts: what each step executes."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend_lite.features.runs.tables import RolloutTaskRow, RunRow, StepRow


def insert_tasks(session: Session, tasks: Sequence[RolloutTaskRow]) -> None:
    session.add_all(tasks)
    session.flush()


def task_of(session: Session, step: StepRow) -> RolloutTaskRow:
    """The task that the step executes."""
    query = select(RolloutTaskRow).join(RunRow, RunRow.rollout_id == RolloutTaskRow.rollout_id)
    return session.scalars(query.where(RunRow.id == step.run_id, RolloutTaskRow.n == step.n)).one()
