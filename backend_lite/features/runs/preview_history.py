"""What became of a script where it ran before: for each device, and how long it took."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from statistics import median

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from agent.wire.states import RunState, StepState
from backend_lite.core.db.query_sql import among
from backend_lite.features.runs.tables import RolloutRow, RolloutTaskRow, RunRow, StepRow

LOOKED_AT = 50_000
"""So many runs of a script, the newest, are looked at: what lies further back is no news."""
_SUCCESSES = 20


@dataclass(frozen=True, slots=True)
class LastRun:
    run_id: int
    state: RunState
    revision: int | None
    ended_at: int | None


def recent_rollouts(session: Session, script_id: int) -> list[int]:
    """The newest rollouts of the script, which have LOOKED_AT runs together."""
    query = (
        select(RolloutTaskRow.rollout_id, RolloutRow.total)
        .join(RolloutRow, RolloutRow.id == RolloutTaskRow.rollout_id)
        .where(RolloutTaskRow.script_id == script_id)
        .order_by(RolloutTaskRow.rollout_id.desc())
        .limit(LOOKED_AT)
    )
    found: dict[int, None] = {}
    runs = 0
    for rollout_id, total in session.connection().execute(query):
        found[rollout_id] = None
        runs += total
        if runs >= LOOKED_AT:
            break
    return list(found)


def last_runs(
    session: Session, script_id: int, rollout_ids: Collection[int], device_ids: Collection[int]
) -> dict[int, LastRun]:
    """The newest ended run on each device, by device."""
    if not rollout_ids:
        return {}
    newest = (
        select(func.max(RunRow.id))
        .where(
            among(RunRow.rollout_id, rollout_ids),
            among(RunRow.device_id, device_ids),
            RunRow.ended_at.is_not(None),
        )
        .group_by(RunRow.device_id)
    )
    query = (
        select(RunRow.device_id, RunRow.id, RunRow.state, func.max(RolloutTaskRow.revision), RunRow.ended_at)
        .join(RolloutTaskRow, RolloutTaskRow.rollout_id == RunRow.rollout_id)
        .where(RunRow.id.in_(newest), RolloutTaskRow.script_id == script_id)
        .group_by(RunRow.id)
    )
    rows = session.connection().execute(query)
    return {
        device_id: LastRun(run_id, RunState(state), revision, ended_at)
        for device_id, run_id, state, revision, ended_at in rows
    }


def expected_ms(session: Session, script_id: int, rollout_ids: Collection[int]) -> int | None:
    """The median of what the newest successes of the script took; None where there are none."""
    query = (
        select(StepRow.duration_ms)
        .join(RunRow, RunRow.id == StepRow.run_id)
        .where(
            among(RunRow.rollout_id, rollout_ids),
            RunRow.state == RunState.SUCCEEDED,
            StepRow.script_id == script_id,
            StepRow.state == StepState.SUCCEEDED,
        )
        .order_by(StepRow.id.desc())
        .limit(_SUCCESSES)
    )
    found = [float(took) for (took,) in session.connection().execute(query) if took is not None]
    return round(median(found)) if found else None
