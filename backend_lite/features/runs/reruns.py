"""Doing again what did not succeed: a new rollout with the same revisions, values and policy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import msgspec
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from agent.wire.states import RUN_ENDS, RunState, StepState
from backend_lite.contract.runs import (
    Policy,
    RolloutCreated,
    RunRerun,
    Targets,
    TaskAction,
    TaskCondition,
    TaskReboot,
)
from backend_lite.core.db.base import stored
from backend_lite.core.db.unit import Unit
from backend_lite.core.security.principal import Principal
from backend_lite.errors import ConflictError, InvalidError, NotFoundError
from backend_lite.features.fleet.api import FleetApi, RunTarget
from backend_lite.features.runs.conditions import CONDITION
from backend_lite.features.runs.plans import Plan, Plans, Sealed, condition_problem, nothing_for
from backend_lite.features.runs.rollouts import Rollouts
from backend_lite.features.runs.tables import (
    RolloutRow,
    RolloutTaskRow,
    RunRow,
    StepRow,
    StepSecretsRow,
    TaskFileRow,
)
from backend_lite.features.runs.targets import Candidate, is_there
from backend_lite.features.runs.works import TaskFile, Work

FAILED = or_(
    RunRow.state.in_((RunState.FAILED, RunState.UNKNOWN, RunState.EXPIRED)),
    and_(RunRow.state == RunState.SKIPPED, RunRow.reason == "offline"),
)
"""Runs that did not succeed through no decision of a person: a cancelled run stays cancelled, and a device
that could not run it then is not asked again."""


class Reruns:
    """Its methods run inside units of work."""

    def __init__(self, fleet: FleetApi, plans: Plans, rollouts: Rollouts) -> None:
        self._fleet = fleet
        self._plans = plans
        self._rollouts = rollouts

    def failed(
        self,
        unit: Unit,
        rollout_id: int,
        principal: Principal,
        key: str | None,
        confirmed: int | None = None,
    ) -> RolloutCreated:
        """The work again on every device where it failed. Raises NotFoundError, ConflictError."""
        origin = _origin(unit.session, rollout_id)
        query = select(RunRow).where(RunRow.rollout_id == rollout_id, FAILED).order_by(RunRow.id)
        runs = unit.session.scalars(query).all()
        if not runs:
            raise ConflictError("No run of this rollout has failed: there is nothing to run again.")
        return self._again(unit, origin, runs, RunRerun(1, confirmed), principal, key)

    def run(
        self, unit: Unit, run_id: int, request: RunRerun, principal: Principal, key: str | None
    ) -> RolloutCreated:
        """An ended run again, from a step on. Raises NotFoundError, ConflictError, InvalidError."""
        run = stored(unit.session, RunRow, run_id)
        if run is None:
            raise NotFoundError("Run not found")
        if run.state not in RUN_ENDS:
            raise ConflictError("The run has not ended. Cancel it first, or wait for its end.")
        origin = _origin(unit.session, run.rollout_id)
        return self._again(unit, origin, [run], request, principal, key)

    def _again(
        self,
        unit: Unit,
        origin: RolloutRow,
        runs: Sequence[RunRow],
        request: RunRerun,
        principal: Principal,
        key: str | None,
    ) -> RolloutCreated:
        session, from_step = unit.session, request.from_step
        works = _works(session, origin.id)
        if not 1 <= from_step <= len(works):
            raise InvalidError(f"from_step must be between 1 and {len(works)}, the number of steps.")
        works = works[from_step - 1 :]
        candidates = self._candidates(session, runs, works)
        if not candidates:
            raise ConflictError("Every device of it was removed since: there is nobody to run it again.")
        plan = Plan(
            title=origin.title,
            works=works,
            candidates=candidates,
            policy=msgspec.convert(origin.policy, Policy),
            targets=Targets(devices=[candidate.target.id for candidate in candidates]),
            origin_id=origin.id,
            sealed=_sealed(session, runs, from_step),
            profile_id=origin.profile_id,
            profile_revision=origin.profile_revision,
            confirmed_devices=request.confirmed_devices,
            is_gathered=len(runs) > 1,
            is_partial=not (
                self._plans.still_has(session, origin.profile_id) and _went_well(session, runs, from_step)
            ),
        )
        return self._rollouts.ask(unit, plan, principal, key)

    def _candidates(self, session: Session, runs: Sequence[RunRow], works: Sequence[Work]) -> list[Candidate]:
        """The devices that are still there, in the order of their runs; conditions are asked anew."""
        known = self._fleet.targets(session, [run.device_id for run in runs])
        there = (known.get(run.device_id) for run in runs)
        named = [Candidate(target, named=True) for target in there if target is not None and is_there(target)]
        return [_with_problem(one, works) for one in self._plans.fitted(session, named, works)]


def _with_problem(candidate: Candidate, works: Sequence[Work]) -> Candidate:
    if not nothing_for(candidate, works):
        return candidate
    problem, detail = condition_problem(candidate)
    return replace(candidate, problem=problem, detail=detail)


def _origin(session: Session, rollout_id: int) -> RolloutRow:
    row = stored(session, RolloutRow, rollout_id)
    if row is None:
        raise NotFoundError("Rollout not found")
    return row


def _works(session: Session, rollout_id: int) -> list[Work]:
    files: dict[int, list[TaskFile]] = defaultdict(list)
    for file in session.scalars(select(TaskFileRow).where(TaskFileRow.rollout_id == rollout_id)):
        files[file.n].append(TaskFile(file.name, "", file.content))
    tasks = select(RolloutTaskRow).where(RolloutTaskRow.rollout_id == rollout_id)
    return [_work(task, files[task.n]) for task in session.scalars(tasks.order_by(RolloutTaskRow.n))]


def _work(task: RolloutTaskRow, files: Sequence[TaskFile]) -> Work:
    return Work(
        title=task.name,
        type=task.type,
        timeout_s=task.timeout_s,
        script_id=task.script_id,
        revision_id=task.revision_id,
        revision=task.revision,
        payload=task.payload,
        arguments=task.arguments,
        parameters=task.parameters,
        secret_names=task.secrets,
        files=[TaskFile(file.name, task.files[file.name], file.content) for file in files],
        continue_on_error=task.continue_on_error,
        may_repeat=task.may_repeat,
        action=TaskAction(task.action),
        software_id=task.software_id,
        profile_task_id=task.profile_task_id,
        reboot=TaskReboot(task.reboot),
        condition=msgspec.convert(task.condition or {}, TaskCondition),
        exit_codes=task.exit_codes,
    )


def _went_well(session: Session, runs: Sequence[RunRow], before: int) -> bool:
    """All steps before that one did what they should."""
    query = select(StepRow.state, StepRow.reason).where(
        StepRow.run_id.in_([run.id for run in runs]), StepRow.n < before
    )
    return all(
        state == StepState.SUCCEEDED or reason == CONDITION for state, reason in session.execute(query)
    )


def _sealed(session: Session, runs: Sequence[RunRow], from_step: int) -> Sealed:
    """The secrets as they were sealed for the same device, whose key has not changed: it is its identity."""
    query = (
        select(StepRow.device_id, StepRow.n, StepSecretsRow.sealed)
        .join(StepRow, StepRow.id == StepSecretsRow.step_id)
        .where(StepRow.run_id.in_([run.id for run in runs]))
    )
    kept = {(device_id, n): sealed for device_id, n, sealed in session.execute(query)}

    def sealed(target: RunTarget, index: int) -> dict[str, str]:
        return kept.get((target.id, index + from_step), {})

    return sealed
