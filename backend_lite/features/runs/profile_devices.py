"""Which devices have a profile, at which revision, and what became of each of its tasks there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Row, Select, and_, func, not_, or_, select
from sqlalchemy.orm import Session

from agent.wire.states import RUN_ENDS, RunState, StepState
from backend_lite.contract.common import format_time, optional_time
from backend_lite.contract.fleet import Device
from backend_lite.contract.plans import Compliance, ProfileDevice, TaskResult
from backend_lite.core.db.lists import ListRequest
from backend_lite.core.db.query_sql import Column, Condition
from backend_lite.core.security.principal import Groups
from backend_lite.errors import InvalidError
from backend_lite.features.fleet.api import FleetApi
from backend_lite.features.plans.api import PlansApi
from backend_lite.features.runs.conditions import CONDITION
from backend_lite.features.runs.reach import Reach
from backend_lite.features.runs.tables import AppliedProfileRow, RolloutTaskRow, RunRow, StepRow

_OPEN = tuple(state for state in RunState if state not in RUN_ENDS)
_STATE = func.coalesce(RunRow.state, AppliedProfileRow.state)
_REASON = func.coalesce(RunRow.reason, AppliedProfileRow.reason, "")
_WELL = or_(_STATE == RunState.SUCCEEDED, and_(_STATE == RunState.SKIPPED, _REASON == CONDITION))


@dataclass(frozen=True, slots=True)
class _Applied:
    """The newest application to a device, and how its run is or ended; `run_id` None: it is kept no more."""

    revision: int
    rollout_id: int
    run_id: int | None
    state: RunState | None
    reason: str
    applied_at: int
    ended_at: int | None


class ProfileDevices:
    """Works inside the caller's session. The number of statements does not depend on that of devices."""

    def __init__(self, profiles: PlansApi, fleet: FleetApi) -> None:
        self._profiles = profiles
        self._fleet = fleet
        self._reach = Reach(fleet)

    def page(
        self,
        session: Session,
        profile_id: int,
        request: ListRequest,
        groups: Groups,
        compliance: str | None = None,
    ) -> tuple[list[ProfileDevice], int]:
        """The devices asked for among those in reach of `groups`, by name, and how many there are without
        the cut. `q` is a query of devices.

        Raises NotFoundError and InvalidError.
        """
        revision = self._profiles.profile(session, profile_id).revision
        wanted = None if compliance is None else _known(compliance)

        def which(device_id: Column, its_profile: Column) -> Condition:
            if wanted is None:
                return or_(its_profile == profile_id, device_id.in_(_applied_ids(profile_id)))
            if wanted is Compliance.ASSIGNED:
                return and_(its_profile == profile_id, not_(device_id.in_(_applied_ids(profile_id))))
            return device_id.in_(_applied_ids(profile_id).where(_is(wanted, revision)))

        def reached(device_id: Column, its_profile: Column) -> Condition:
            return and_(self._reach.of_device(device_id, groups), which(device_id, its_profile))

        ordered = replace(request, sort=request.sort or "hostname")
        devices, count = self._fleet.page(session, ordered, reached)
        applied = _applied(session, profile_id, [device.id for device in devices])
        results = _results(session, [one for one in applied.values() if one.run_id is not None])
        return [_line(device, applied.get(device.id), results, revision) for device in devices], count


def compliance_of(revision: int, state: RunState | None, reason: str, current: int) -> Compliance:
    """Of a device whose newest run is of that revision of a profile, whose own is `current`."""
    if state in _OPEN:
        return Compliance.RUNNING
    if state == RunState.SUCCEEDED or (state == RunState.SKIPPED and reason == CONDITION):
        return Compliance.CURRENT if revision == current else Compliance.OUTDATED
    return Compliance.FAILED


def _is(wanted: Compliance, current: int) -> Condition:
    """`compliance_of` as a condition."""
    match wanted:
        case Compliance.RUNNING:
            return _STATE.in_(_OPEN)
        case Compliance.CURRENT:
            return and_(_WELL, AppliedProfileRow.revision == current)
        case Compliance.OUTDATED:
            return and_(_WELL, AppliedProfileRow.revision != current)
        case _:
            return and_(not_(func.coalesce(_WELL, False)), func.coalesce(_STATE, "").not_in(_OPEN))


def _known(text: str) -> Compliance:
    try:
        return Compliance(text)
    except ValueError:
        raise InvalidError(f"Unknown compliance. Known: {', '.join(Compliance)}.") from None


def _applied_ids(profile_id: int) -> Select[int]:
    return (
        select(AppliedProfileRow.device_id)
        .outerjoin(RunRow, RunRow.id == AppliedProfileRow.run_id)
        .where(AppliedProfileRow.profile_id == profile_id)
    )


def _applied(session: Session, profile_id: int, device_ids: Sequence[int]) -> dict[int, _Applied]:
    query = (
        select(
            AppliedProfileRow.device_id,
            AppliedProfileRow.revision,
            AppliedProfileRow.rollout_id,
            RunRow.id,
            _STATE,
            _REASON,
            AppliedProfileRow.applied_at,
            func.coalesce(RunRow.ended_at, AppliedProfileRow.ended_at),
        )
        .outerjoin(RunRow, RunRow.id == AppliedProfileRow.run_id)
        .where(AppliedProfileRow.profile_id == profile_id, AppliedProfileRow.device_id.in_(device_ids))
    )
    rows = session.connection().execute(query)
    return {row[0]: _Applied(*row[1:4], RunState(row[4]) if row[4] else None, *row[5:]) for row in rows}


def _results(session: Session, applied: Sequence[_Applied]) -> dict[int, list[TaskResult]]:
    """By run: what became of its steps, in their order."""
    tasks = select(RolloutTaskRow.rollout_id, RolloutTaskRow.n, RolloutTaskRow.profile_task_id)
    tasks = tasks.where(RolloutTaskRow.rollout_id.in_({one.rollout_id for one in applied}))
    connection = session.connection()
    task_ids = {(rollout_id, n): task_id for rollout_id, n, task_id in connection.execute(tasks)}
    rollouts = {one.run_id: one.rollout_id for one in applied}
    steps = select(
        StepRow.run_id, StepRow.n, StepRow.name, StepRow.state, StepRow.reason, StepRow.exit_code
    ).where(StepRow.run_id.in_(rollouts))
    found: dict[int, list[TaskResult]] = defaultdict(list)
    for row in connection.execute(steps.order_by(StepRow.run_id, StepRow.n)):
        found[row.run_id].append(_result(row, task_ids.get((rollouts[row.run_id], row.n))))
    return found


def _result(row: Row[int, int, str, str, str, int | None], task_id: int | None) -> TaskResult:
    _, n, name, state, reason, exit_code = row
    return TaskResult(task_id, n, name, StepState(state), reason, exit_code)


def _line(
    device: Device, applied: _Applied | None, results: dict[int, list[TaskResult]], current: int
) -> ProfileDevice:
    if applied is None:
        nothing = (None, None, None, None, None, None)
        return ProfileDevice(device.id, device.hostname, Compliance.ASSIGNED, *nothing)
    return ProfileDevice(
        device_id=device.id,
        hostname=device.hostname,
        compliance=compliance_of(applied.revision, applied.state, applied.reason, current),
        revision=applied.revision,
        run_id=applied.run_id,
        rollout_id=applied.rollout_id if applied.run_id is not None else None,
        state=applied.state,
        applied_at=format_time(applied.applied_at),
        ended_at=optional_time(applied.ended_at),
        tasks=results.get(applied.run_id or 0, []),
    )
