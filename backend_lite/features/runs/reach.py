"""How far rights reach: a run is seen and changed by whom its device is in reach of.

A right may hold in the devices of groups only (see `Principal.groups_for`). A device that has left them, or
the fleet, is out of reach with all its runs.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import and_, exists, not_, select, true
from sqlalchemy.orm import Session

from backend_lite.contract.fleet import Admission
from backend_lite.core.db.base import storable
from backend_lite.core.db.query_sql import Column, Condition
from backend_lite.core.security.principal import Groups
from backend_lite.errors import ForbiddenError, NotFoundError
from backend_lite.features.fleet.api import FleetApi
from backend_lite.features.runs.tables import RolloutRow, RunRow

MAY_VIEW, MAY_RUN = "rollouts:view", "rollouts:run"
WORK_RIGHTS = ("devices:run", MAY_RUN)
"""Who began a rollout must still have one of these on each of its devices."""


class Reach:
    """Works inside the caller's session."""

    def __init__(self, fleet: FleetApi) -> None:
        self._fleet = fleet

    def runs(self, groups: Groups) -> Condition:
        """True for the rows of runs in reach."""
        return self.of_device(RunRow.device_id, groups)

    def of_device(self, device_id: Column, groups: Groups) -> Condition:
        """True where the column has a device in reach."""
        return true() if groups is None else device_id.in_(self._fleet.devices_within(groups))

    def rollouts(self, groups: Groups) -> Condition:
        """True for the rows of rollouts that have a run in reach."""
        if groups is None:
            return true()
        return exists().where(RunRow.rollout_id == RolloutRow.id, self.runs(groups))

    def whole(self, rollout_id: Column, groups: Groups) -> Condition:
        """True where the column has a rollout with runs, all of which are in reach."""
        if groups is None:
            return true()
        its = RunRow.rollout_id == rollout_id
        return and_(exists().where(its), not_(exists().where(its, not_(self.runs(groups)))))

    def devices(self, session: Session, device_ids: Iterable[int], groups: Groups) -> set[int]:
        """Those of the devices that are in reach."""
        return set(device_ids) if groups is None else self._fleet.those_within(session, device_ids, groups)

    def rollout(self, session: Session, rollout_id: int, groups: Groups) -> RolloutRow:
        """One that has a run in reach. Raises NotFoundError."""
        query = select(RolloutRow).where(RolloutRow.id == rollout_id, self.rollouts(groups))
        row = session.scalars(query).first() if storable(rollout_id) else None
        if row is None:
            raise NotFoundError("Rollout not found")
        return row

    def has_run(self, session: Session, run_id: int, groups: frozenset[int]) -> bool:
        """The run with that id, if there is one, is in reach."""
        query = select(RunRow.id).where(RunRow.id == run_id, self.runs(groups))
        return session.scalar(query) is not None

    def refuse_rollout(self, session: Session, rollout_id: int, groups: Groups) -> None:
        """Raises NotFoundError where no run of the rollout is in reach, ForbiddenError where not all of them
        are: what concerns a rollout concerns all its runs. Devices that left the fleet do not count."""
        if groups is None:
            return
        self.rollout(session, rollout_id, groups)
        others = select(RunRow.device_id).where(RunRow.rollout_id == rollout_id, not_(self.runs(groups)))
        there = self._fleet.targets(session, session.scalars(others.distinct()))
        if any(target.admission is not Admission.RETIRED for target in there.values()):
            raise ForbiddenError(
                "This rollout has runs on devices that your rights do not cover, so you cannot change it as "
                "a whole: cancel or repeat the runs on your devices one by one.",
                code="limited",
            )
