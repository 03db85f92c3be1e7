"""Which revision of a profile each device got last, kept true while runs and profiles go."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.orm import Session

from backend_lite.core.db.query_sql import among
from backend_lite.core.db.unit import Unit
from backend_lite.features.runs.conditions import CONDITION
from backend_lite.features.runs.tables import AppliedProfileRow, RolloutRow, RunRow

_BUNDLE = 5_000


def record_applied(connection: Connection, rollout: RolloutRow, runs: Sequence[RunRow]) -> None:
    """The rollout applies its profile by these new runs; those that can do nothing are no application."""
    applied = [run for run in runs if run.ended_at is None or run.reason == CONDITION]
    for start in range(0, len(applied), _BUNDLE):
        bundle = applied[start : start + _BUNDLE]
        connection.execute(
            delete(AppliedProfileRow).where(
                AppliedProfileRow.profile_id == rollout.profile_id,
                among(AppliedProfileRow.device_id, [run.device_id for run in bundle]),
            )
        )
        connection.execute(insert(AppliedProfileRow), [_values(rollout, run) for run in bundle])


def note_ends(session: Session, run_ids: Sequence[int]) -> None:
    """These runs are about to be removed: what became of the profiles that they applied is kept."""
    query = (
        select(RunRow.id, RunRow.state, RunRow.reason, RunRow.ended_at)
        .join(AppliedProfileRow, AppliedProfileRow.run_id == RunRow.id)
        .where(RunRow.id.in_(run_ids))
    )
    for run_id, state, reason, ended_at in session.execute(query).all():
        ended = {"state": state, "reason": reason, "ended_at": ended_at}
        session.execute(
            update(AppliedProfileRow)
            .where(AppliedProfileRow.run_id == run_id)
            .values(ended)
            .execution_options(synchronize_session=False)
        )


def forget_profile(unit: Unit, profile_id: int) -> None:
    """The profile is deleted in that unit."""
    unit.session.execute(delete(AppliedProfileRow).where(AppliedProfileRow.profile_id == profile_id))


def _values(rollout: RolloutRow, run: RunRow) -> dict[str, int | None]:
    return {
        "profile_id": rollout.profile_id,
        "device_id": run.device_id,
        "revision": rollout.profile_revision,
        "rollout_id": rollout.id,
        "run_id": run.id,
        "applied_at": rollout.created_at,
    }
