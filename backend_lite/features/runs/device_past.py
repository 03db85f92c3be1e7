"""What runs keep of a device: handed on to the one that takes over from it, or removed for good."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from agent.wire.states import RUN_ENDS
from backend_lite.contract.live import PAUSE, RUN
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import Changed, Event
from backend_lite.features.runs.removal import BATCH, delete_rollout, delete_runs
from backend_lite.features.runs.tables import (
    AppliedProfileRow,
    PauseRow,
    RolloutRow,
    RunRow,
    StrayOutcomeRow,
)
from backend_lite.features.runs.views import Views


@dataclass(frozen=True, slots=True)
class OutputForgotten(Event):
    """The output of these attempts is kept no longer: its files may go."""

    attempt_ids: Sequence[int]


def open_runs(session: Session, device_id: int) -> int:
    """How many runs of the device have not ended."""
    query = select(func.count()).select_from(RunRow)
    return session.scalar(query.where(RunRow.device_id == device_id, RunRow.state.not_in(RUN_ENDS))) or 0


def take_over(unit: Unit, device_id: int, replaces_id: int) -> None:
    """The profiles that were applied to the former device count as applied to this one. Its runs stay its
    own: they are found by the line of devices."""
    session, table = unit.session, AppliedProfileRow
    own = select(table.profile_id).where(table.device_id == device_id)
    of_former = table.device_id == replaces_id
    session.execute(
        update(table)
        .where(of_former, table.profile_id.not_in(own))
        .values(device_id=device_id)
        .execution_options(synchronize_session=False)
    )
    session.execute(delete(table).where(of_former))


class Forgetting:
    """Its method runs inside the caller's unit."""

    def __init__(self, views: Views) -> None:
        self._views = views

    def forget(self, unit: Unit, device_id: int) -> bool:
        """Remove a batch of the device's runs; True when nothing is left of it here."""
        runs = unit.session.scalars(select(RunRow).where(RunRow.device_id == device_id).limit(BATCH)).all()
        self._take_out(unit, runs)
        removed = delete_runs(unit.session, [run.id for run in runs])
        for run in runs:
            unit.publish(Changed(RUN, run.id, None))
        _remove_empty(unit, {run.rollout_id for run in runs})
        unit.publish(OutputForgotten(removed.attempt_ids))
        if len(runs) == BATCH:
            return False
        _remove_rest(unit, device_id)
        return True

    def _take_out(self, unit: Unit, runs: Sequence[RunRow]) -> None:
        """Count the runs no longer among those of their rollouts."""
        for rollout_id, those in _by_rollout(runs).items():
            rollout = unit.session.get_one(RolloutRow, rollout_id)
            for state, count in Counter(run.state for run in those).items():
                setattr(rollout, state, max(0, getattr(rollout, state) - count))
            gone = Counter(run.wave for run in those)
            rollout.waves = [max(0, size - gone[n]) for n, size in enumerate(rollout.waves, 1)]
            rollout.total = max(0, rollout.total - len(those))
            unit.session.flush()
            if rollout.total:
                self._views.publish_progress(unit, rollout)


def _by_rollout(runs: Sequence[RunRow]) -> dict[int, list[RunRow]]:
    found: dict[int, list[RunRow]] = {}
    for run in runs:
        found.setdefault(run.rollout_id, []).append(run)
    return found


def _remove_rest(unit: Unit, device_id: int) -> None:
    session = unit.session
    for table in (AppliedProfileRow, StrayOutcomeRow):
        session.execute(delete(table).where(table.device_id == device_id))
    for pause_id in session.scalars(select(PauseRow.id).where(PauseRow.device_id == device_id)).all():
        session.execute(delete(PauseRow).where(PauseRow.id == pause_id))
        unit.publish(Changed(PAUSE, pause_id, None))


def _remove_empty(unit: Unit, rollout_ids: Iterable[int]) -> None:
    """Those of the rollouts of which no run is left."""
    empty = select(RolloutRow.id).where(RolloutRow.id.in_(rollout_ids), RolloutRow.total == 0)
    for rollout_id in unit.session.scalars(empty).all():
        delete_rollout(unit, rollout_id)
