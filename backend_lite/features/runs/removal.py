"""Removing output and runs, a small batch in each write. Files go once the write is committed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from backend_lite.contract.live import APPROVAL, ROLLOUT, RUN
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import Changed
from backend_lite.features.runs.profile_records import note_ends
from backend_lite.features.runs.tables import (
    HAS_OUTPUT,
    ApprovalRow,
    AttemptRow,
    RestoredStepRow,
    RolloutRow,
    RolloutTaskRow,
    RunRow,
    SmallOutputRow,
    StepRow,
    StepSecretsRow,
    TaskFileRow,
)

BATCH = 200

_OF_ENDED_ROLLOUTS = text(
    "EXISTS (SELECT 1 FROM steps JOIN runs ON runs.id = steps.run_id "
    "JOIN rollouts ON rollouts.id = runs.rollout_id "
    "WHERE steps.id = attempts.step_id AND rollouts.ended_at IS NOT NULL)"
)


@dataclass(frozen=True, slots=True)
class Removed:
    """The attempts whose files may go, and how many bytes they had."""

    attempt_ids: Sequence[int] = ()
    size: int = 0


def output_size(session: Session) -> int:
    """Bytes of all output that is kept."""
    total = text(f"SELECT sum(stdout_size + stderr_size) FROM attempts WHERE {HAS_OUTPUT.text}")  # noqa: S608
    return session.scalar(total) or 0


def remove_output(unit: Unit, *, now: int, before: int | None, most: int | None) -> Removed:
    """The oldest output, of attempts that ended before `before`, and no more than frees `most` bytes."""
    query = select(AttemptRow.id, AttemptRow.stdout_size + AttemptRow.stderr_size)
    query = query.where(HAS_OUTPUT, _OF_ENDED_ROLLOUTS).order_by(AttemptRow.ended_at).limit(BATCH)
    if before is not None:
        query = query.where(AttemptRow.ended_at < before)
    ids, size = [], 0
    for attempt_id, its_size in unit.session.execute(query):
        if most is not None and size >= most:
            break
        ids.append(attempt_id)
        size += its_size
    _forget_output(unit.session, ids, now)
    return Removed(ids, size)


def remove_runs(unit: Unit, *, before: int) -> Removed | None:
    """A batch of the runs of a rollout that ended before `before`, with the last of them the rollout; None
    when there is no such rollout."""
    session = unit.session
    ended = select(RolloutRow.id).where(RolloutRow.ended_at < before).order_by(RolloutRow.id).limit(1)
    rollout_id = session.scalar(ended)
    if rollout_id is None:
        return None
    of_rollout = select(RunRow.id).where(RunRow.rollout_id == rollout_id).limit(BATCH)
    run_ids = list(session.scalars(of_rollout))
    removed = delete_runs(session, run_ids)
    for run_id in run_ids:
        unit.publish(Changed(RUN, run_id, None))
    if len(run_ids) < BATCH:
        delete_rollout(unit, rollout_id)
    return removed


def kept_in_files(session: Session, attempt_ids: Iterable[int]) -> set[int]:
    """Those of the attempts whose output belongs into files."""
    query = (
        select(AttemptRow.id)
        .outerjoin(SmallOutputRow, SmallOutputRow.attempt_id == AttemptRow.id)
        .where(AttemptRow.id.in_(list(attempt_ids)), AttemptRow.output_removed_at.is_(None))
        .where(SmallOutputRow.attempt_id.is_(None))
    )
    return set(session.scalars(query))


def _forget_output(session: Session, ids: Sequence[int], now: int) -> None:
    steps = select(AttemptRow.step_id).where(AttemptRow.id.in_(ids))
    runs = select(StepRow.run_id).where(StepRow.id.in_(steps))
    session.execute(update(RunRow).where(RunRow.id.in_(runs)).values(output_key=None))
    gone = {"output_removed_at": now, "output_key": None}
    session.execute(update(AttemptRow).where(AttemptRow.id.in_(ids)).values(gone))
    session.execute(delete(SmallOutputRow).where(SmallOutputRow.attempt_id.in_(ids)))


def delete_rollout(unit: Unit, rollout_id: int) -> None:
    """One that has no runs, and its approval."""
    session = unit.session
    approvals = select(ApprovalRow.id).where(ApprovalRow.rollout_id == rollout_id)
    for approval_id in session.scalars(approvals).all():
        session.execute(delete(ApprovalRow).where(ApprovalRow.id == approval_id))
        unit.publish(Changed(APPROVAL, approval_id, None))
    for table in (TaskFileRow, RolloutTaskRow):
        session.execute(delete(table).where(table.rollout_id == rollout_id))
    session.execute(delete(RolloutRow).where(RolloutRow.id == rollout_id))
    unit.publish(Changed(ROLLOUT, rollout_id, None))


def delete_runs(session: Session, run_ids: Sequence[int]) -> Removed:
    """With their steps and attempts; the files of these go once it is committed."""
    note_ends(session, run_ids)
    step_ids = list(session.scalars(select(StepRow.id).where(StepRow.run_id.in_(run_ids))))
    attempt_ids = list(session.scalars(select(AttemptRow.id).where(AttemptRow.step_id.in_(step_ids))))
    session.execute(delete(SmallOutputRow).where(SmallOutputRow.attempt_id.in_(attempt_ids)))
    session.execute(delete(AttemptRow).where(AttemptRow.id.in_(attempt_ids)))
    session.execute(delete(StepSecretsRow).where(StepSecretsRow.step_id.in_(step_ids)))
    session.execute(delete(RestoredStepRow).where(RestoredStepRow.step_id.in_(step_ids)))
    session.execute(delete(StepRow).where(StepRow.id.in_(step_ids)))
    session.execute(delete(RunRow).where(RunRow.id.in_(run_ids)))
    return Removed(attempt_ids)
