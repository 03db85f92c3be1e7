"""Applying a profile: a rollout of its tasks, and a line for every device: none is left out in silence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend_lite.contract.plans import AppliedTo, ApplyProblem, ProfileApplied, ProfileApply
from backend_lite.contract.runs import RolloutCreate, Targets
from backend_lite.core.db.unit import Unit
from backend_lite.core.security.principal import Groups, Principal
from backend_lite.errors import InvalidError
from backend_lite.features.fleet.api import FleetApi
from backend_lite.features.plans.api import PlansApi
from backend_lite.features.runs.conditions import CONDITION
from backend_lite.features.runs.plans import Asked, Plans, is_skipped
from backend_lite.features.runs.reach import MAY_RUN, Reach
from backend_lite.features.runs.rollouts import Rollouts
from backend_lite.features.runs.seals import Seals
from backend_lite.features.runs.tables import RunRow
from backend_lite.features.runs.targets import Candidate, is_there
from backend_lite.features.runs.works import Work

_PROBLEMS = {
    "os_mismatch": ApplyProblem.OS_MISMATCH,
    "quarantined": ApplyProblem.QUARANTINED,
}


@dataclass(frozen=True)
class _Sorted:
    """Whom an application is for, and the lines of those that it cannot be for."""

    request: RolloutCreate
    lines: list[AppliedTo]


class ProfileApplications:
    def __init__(self, plans: Plans, profiles: PlansApi, fleet: FleetApi, rollouts: Rollouts) -> None:
        self._plans = plans
        self._profiles = profiles
        self._fleet = fleet
        self._rollouts = rollouts
        self._reach = Reach(fleet)

    def seal_ahead(self, session: Session, profile_id: int, wanted: ProfileApply, groups: Groups) -> Seals:
        """The secrets that `apply` will find are needed, as far as can be told before."""
        if not wanted.parameters or not _anybody(wanted):
            return Seals()
        request = self._sorted(session, profile_id, wanted, groups).request
        return self._plans.seal_ahead(session, request, groups)

    def apply(
        self,
        unit: Unit,
        profile_id: int,
        wanted: ProfileApply,
        principal: Principal,
        key: str | None,
        seals: Seals,
    ) -> ProfileApplied:
        """Devices that cannot take it are told, and keep nobody else from it. Those on which the principal
        may run nothing are unknown.

        Raises NotFoundError for the profile, InvalidError for what it asks for.
        """
        self._profiles.profile(unit.session, profile_id)
        if not _anybody(wanted):
            raise InvalidError("No device IDs provided", code="no_devices")
        groups = principal.groups_for(MAY_RUN)
        found = self._sorted(unit.session, profile_id, wanted, groups)
        asked = self._plans.asked(unit.session, found.request)
        works = self._plans.works(unit.session, asked, wanted.policy)
        candidates = self._candidates(unit.session, found.request, works, asked, groups)
        refused = [one for one in candidates if _refused(one)]
        lines = [*found.lines, *(_refusal(one) for one in refused)]
        candidates = [one for one in candidates if not _refused(one)]
        if not candidates:
            return ProfileApplied(0, None, _in_order(wanted, lines))
        plan = self._plans.plan(found.request, asked, works, candidates, seals)
        created = self._rollouts.ask(unit, plan, principal, key)
        runs = _runs(unit.session, created.id)
        done = [_line(one, runs[one.target.id], len(works)) for one in candidates if one.target.id in runs]
        total = sum(line.created_actions for line in done)
        return ProfileApplied(total, created.id, _in_order(wanted, [*done, *lines]))

    def _sorted(self, session: Session, profile_id: int, wanted: ProfileApply, groups: Groups) -> _Sorted:
        named = list(dict.fromkeys(wanted.device_ids))
        reached = self._reach.devices(session, named, groups)
        known = self._fleet.targets(session, reached)
        lines: list[AppliedTo] = []
        for device_id in named:
            target = known.get(device_id)
            if target is None:
                problem, hostname, sentence = ApplyProblem.UNKNOWN_DEVICE, "", "There is no such device."
            elif not is_there(target):
                hostname = target.hostname
                problem, sentence = ApplyProblem.RETIRED, f"{hostname} was removed from the fleet."
            else:
                continue
            lines.append(AppliedTo(device_id, hostname, None, 0, problem, sentence))
        gone = {line.device_id for line in lines}
        targets = Targets([one for one in named if one not in gone], wanted.groups, wanted.query)
        return _Sorted(
            RolloutCreate(
                profile_id=profile_id,
                task_parameters=wanted.parameters,
                targets=targets,
                policy=wanted.policy,
                confirmed_devices=wanted.confirmed_devices,
            ),
            lines,
        )

    def _candidates(
        self,
        session: Session,
        request: RolloutCreate,
        works: Sequence[Work],
        asked: Asked,
        groups: Groups,
    ) -> list[Candidate]:
        targets = request.targets
        if not (targets.devices or targets.groups or targets.query.strip()):
            return []
        return self._plans.candidates(session, targets, works, groups, asked.profile)


def _runs(session: Session, rollout_id: int) -> dict[int, int]:
    """By device; of a rollout that was made before by the same key too."""
    query = select(RunRow.device_id, RunRow.id).where(RunRow.rollout_id == rollout_id)
    return {row.device_id: row.id for row in session.execute(query)}


def _anybody(wanted: ProfileApply) -> bool:
    return bool(wanted.device_ids or wanted.groups or wanted.query.strip())


def _refused(one: Candidate) -> bool:
    """A device in quarantine is refused also where it was named: nobody waits for it without knowing."""
    return one.problem in _PROBLEMS or (is_skipped(one) and one.problem != CONDITION)


def _refusal(one: Candidate) -> AppliedTo:
    problem = _PROBLEMS.get(one.problem, ApplyProblem.CANNOT_RUN)
    return AppliedTo(one.target.id, one.target.hostname, None, 0, problem, one.detail)


def _line(one: Candidate, run_id: int, tasks: int) -> AppliedTo:
    """`detail` says what a device waits for, or why nothing is for it."""
    actions = tasks - len(one.skips)
    return AppliedTo(one.target.id, one.target.hostname, run_id, actions, None, one.detail)


def _in_order(wanted: ProfileApply, lines: list[AppliedTo]) -> list[AppliedTo]:
    """Those that were named first, in their order."""
    places = {device_id: place for place, device_id in enumerate(dict.fromkeys(wanted.device_ids))}
    return sorted(lines, key=lambda line: places.get(line.device_id, len(places)))
