"""What became of a script where it ran before: for each device, and how long it took."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from statistics import median

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from agent.wire.states import RunState, StepState
from backend_lite.core.db.query_sql import among
from backend_lite.features.runs.tables import RolloutRow, RolloutTaskRow, RunRow, StepRow

LOOKED_AT = 50_000
"""So many runs of a script, the newest, are looked at: what lies further back is no news."""
_AT_ONCE = 5_000
_SUCCESSES = 20
_ROLLOUTS = 100
"""So many rollouts are looked through for successes."""


Bundles = list[list[int]]
"""Ids of rollouts, newest first."""


@dataclass(frozen=True, slots=True)
class LastRun:
    run_id: int
    state: RunState
    revision: int | None
    ended_at: int | None


def recent_rollouts(session: Session, script_id: int) -> Bundles:
    """The newest rollouts of the script, in bundles of some thousand runs; together they have LOOKED_AT."""
    query = (
        select(RolloutTaskRow.rollout_id, RolloutRow.total)
        .join(RolloutRow, RolloutRow.id == RolloutTaskRow.rollout_id)
        .where(RolloutTaskRow.script_id == script_id)
        .distinct()
        .order_by(RolloutTaskRow.rollout_id.desc())
        .limit(LOOKED_AT)
    )
    bundles: Bundles = [[]]
    runs = bundled = 0
    for rollout_id, total in session.connection().execute(query):
        if bundled >= _AT_ONCE:
            bundles.append([])
            bundled = 0
        bundles[-1].append(rollout_id)
        bundled += max(total, 1)
        runs += max(total, 1)
        if runs >= LOOKED_AT:
            break
    return bundles


def last_runs(
    session: Session, script_id: int, bundles: Bundles, device_ids: Iterable[int]
) -> dict[int, LastRun]:
    """The newest ended run on each device, by device."""
    found: dict[int, LastRun] = {}
    left = set(device_ids)
    for rollout_ids in bundles:
        if not left:
            break
        found |= _newest(session, script_id, rollout_ids, left)
        left -= found.keys()
    return found


def _newest(
    session: Session, script_id: int, rollout_ids: list[int], device_ids: set[int]
) -> dict[int, LastRun]:
    newest = (
        select(func.max(RunRow.id))
        .where(RunRow.rollout_id.in_(rollout_ids), RunRow.ended_at.is_not(None))
        .group_by(RunRow.device_id)
    )
    query = (
        select(RunRow.device_id, RunRow.rollout_id, RunRow.id, RunRow.state, RunRow.ended_at)
        .where(RunRow.id.in_(newest))
        .where(among(RunRow.device_id, device_ids))
    )
    revisions = _revisions(session, script_id, rollout_ids)
    return {
        device_id: LastRun(run_id, RunState(state), revisions.get(rollout_id), ended_at)
        for device_id, rollout_id, run_id, state, ended_at in session.connection().execute(query)
    }


def _revisions(session: Session, script_id: int, rollout_ids: list[int]) -> dict[int, int | None]:
    """Which revision of the script each rollout ran; the newest where it ran several."""
    query = (
        select(RolloutTaskRow.rollout_id, func.max(RolloutTaskRow.revision))
        .where(RolloutTaskRow.rollout_id.in_(rollout_ids), RolloutTaskRow.script_id == script_id)
        .group_by(RolloutTaskRow.rollout_id)
    )
    return {row[0]: row[1] for row in session.connection().execute(query)}


def expected_ms(session: Session, script_id: int, bundles: Bundles) -> int | None:
    """The median of what the newest successes of the script took; None where there are none."""
    took: list[int] = []
    newest = (rollout_id for rollout_ids in bundles for rollout_id in rollout_ids)
    for rollout_id in islice(newest, _ROLLOUTS):
        if len(took) >= _SUCCESSES:
            break
        values = {"rollout_id": rollout_id, "script_id": script_id}
        rows = session.connection().execute(_DURATIONS, values)
        took.extend(duration for (duration,) in rows if duration is not None)
    return round(median(took[:_SUCCESSES])) if took else None


_DURATIONS = (
    select(StepRow.duration_ms)
    .join(RunRow, RunRow.id == StepRow.run_id)
    .where(
        RunRow.rollout_id == bindparam("rollout_id"),
        RunRow.state == RunState.SUCCEEDED,
        StepRow.script_id == bindparam("script_id"),
        StepRow.state == StepState.SUCCEEDED,
    )
    .order_by(RunRow.id.desc())
    .limit(_SUCCESSES)
)
