"""Making rollouts, ending them early, and letting the untaken expire."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from agent.wire.messages import Cancel
from agent.wire.states import RolloutState, RunState, Source, StepState
from backend_lite.contract.fleet import Admission
from backend_lite.contract.library import os_matches
from backend_lite.contract.parameters import MAX_PARAMETERS_BYTES, ParameterValue
from backend_lite.contract.runs import (
    MAX_ARGUMENTS,
    MAX_TIMEOUT_S,
    Policy,
    RolloutCreate,
    RolloutCreated,
)
from backend_lite.core.clock import Clock
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import SendToDevice
from backend_lite.core.security.principal import Principal
from backend_lite.errors import InvalidError, NotFoundError
from backend_lite.features.fleet.api import FleetApi, RunTarget
from backend_lite.features.library.api import LibraryApi
from backend_lite.features.runs.dispatch import Dispatcher
from backend_lite.features.runs.output_store import current_attempt_name
from backend_lite.features.runs.parts import RunParts, insert_rows, load_open_runs, load_run, load_runs
from backend_lite.features.runs.tables import RUN_STATES, RolloutRow, RolloutTaskRow, RunRow, StepRow
from backend_lite.features.runs.tasks import insert_tasks
from backend_lite.features.runs.transitions import change_step, count
from backend_lite.features.runs.views import Views

_BEFORE_START = (StepState.WAITING, StepState.QUEUED, StepState.OFFERED)


@dataclass(frozen=True)
class Work:
    """What shall be executed: a revision, or text that only this rollout has (`payload`)."""

    title: str
    type: str
    timeout_s: int
    target_os_type: str | None = None
    script_id: int | None = None
    revision_id: int | None = None
    revision: int | None = None
    payload: str | None = None
    arguments: list[str] = field(default_factory=list)
    parameters: dict[str, ParameterValue] = field(default_factory=dict)


class Rollouts:
    """Its methods run inside units of work."""

    def __init__(
        self,
        fleet: FleetApi,
        library: LibraryApi,
        dispatcher: Dispatcher,
        views: Views,
        clock: Clock,
        epoch: str,
    ) -> None:
        self._fleet = fleet
        self._library = library
        self._dispatcher = dispatcher
        self._views = views
        self._clock = clock
        self._epoch = epoch

    def create(
        self, unit: Unit, request: RolloutCreate, principal: Principal, key: str | None
    ) -> RolloutCreated:
        """The new rollout, or the one that `key` made before. Raises InvalidError, NotFoundError."""
        session = unit.session
        if key is not None and (known := self._by_key(session, principal, key)) is not None:
            ids = session.scalars(select(RunRow.id).where(RunRow.rollout_id == known.id).order_by(RunRow.id))
            return self._created(known, list(ids))
        work = self._work(session, request)
        targets = self._targets(session, request, work)
        rollout, runs = self.start(unit, work, targets, request.policy, principal, key)
        return self._created(rollout, [run.id for run in runs])

    def start(
        self,
        unit: Unit,
        work: Work,
        targets: Sequence[RunTarget],
        policy: Policy,
        principal: Principal,
        key: str | None = None,
    ) -> tuple[RolloutRow, list[RunRow]]:
        """Write the rollout with a run of one step for each target, and offer what can be offered."""
        now = self._clock.now_ms()
        rollout = _rollout_row(work, policy, principal, key, len(targets), now)
        insert_rows(unit.session, [rollout])
        insert_tasks(unit.session, [_task_row(rollout, work)])
        runs = [_run_row(rollout, target, policy, now) for target in targets]
        insert_rows(unit.session, runs)
        steps = [_step_row(run, work, now) for run in runs]
        insert_rows(unit.session, steps)
        self._views.publish_rollout(unit, rollout)
        for run, step in zip(runs, steps, strict=True):
            parts = RunParts(rollout, run, [step]).remember()
            if self._dispatcher.offer_next(unit, run.device_id, parts) != run.id:
                self._views.publish(unit, parts, with_rollout=False)
        return rollout, runs

    def cancel_rollout(self, unit: Unit, rollout_id: int) -> None:
        """Cancel its runs that have not ended. Raises NotFoundError."""
        if unit.session.get(RolloutRow, rollout_id) is None:
            raise NotFoundError("Rollout not found")
        open_runs = select(RunRow.id).where(RunRow.rollout_id == rollout_id, RunRow.ended_at.is_(None))
        runs = load_runs(unit.session, unit.session.scalars(open_runs))
        for parts in runs:
            parts.rollout.cancel_requested = True
            self._cancel(unit, parts, "cancelled")
        self._offer_again(unit, runs)

    def cancel_run(self, unit: Unit, run_id: int) -> None:
        """Cancel what can be; a run that has ended stays as it is. Raises NotFoundError."""
        parts = load_run(unit.session, run_id)
        if parts is None:
            raise NotFoundError("Run not found")
        self._cancel(unit, parts, "cancelled")
        self._offer_again(unit, [parts])

    def device_retired(self, unit: Unit, payload: dict[str, int]) -> None:
        """Outbox reaction: a device that is gone takes no more work, and tells nothing any more."""
        for parts in load_open_runs(unit.session, payload["device_id"]):
            self._cancel(unit, parts, "device_retired")
            self._end_all(unit, parts, (StepState.CANCELLING,), StepState.UNKNOWN, "device_retired")

    def expire(self, unit: Unit) -> None:
        """End the runs that no device took in time."""
        due = select(RunRow.id).where(
            RunRow.state.in_((RunState.WAITING, RunState.QUEUED)), RunRow.expires_at <= self._clock.now_ms()
        )
        runs = load_runs(unit.session, unit.session.scalars(due))
        for parts in runs:
            self._end_all(unit, parts, _BEFORE_START, StepState.EXPIRED, "not_taken_in_time")
        self._offer_again(unit, runs)

    def _offer_again(self, unit: Unit, runs: list[RunParts]) -> None:
        """Devices that have nothing in hand any more take what waits."""
        for device_id in dict.fromkeys(parts.run.device_id for parts in runs):
            self._dispatcher.offer_next(unit, device_id)

    def _end_all(
        self, unit: Unit, parts: RunParts, states: tuple[StepState, ...], end: StepState, reason: str
    ) -> None:
        now = self._clock.now_ms()
        for step in parts.steps:
            if step.state in states:
                change_step(parts, step, end, now, reason=reason, source=Source.PRESUMED)
        parts.save(unit.session)
        self._views.publish(unit, parts)

    def _cancel(self, unit: Unit, parts: RunParts, reason: str) -> None:
        now, device_id = self._clock.now_ms(), parts.run.device_id
        for step in parts.steps:
            told = step.state in (StepState.OFFERED, StepState.RUNNING)
            if step.state in _BEFORE_START:
                change_step(parts, step, StepState.CANCELLED, now, reason=reason, source=Source.PRESUMED)
            elif step.state == StepState.RUNNING:
                change_step(parts, step, StepState.CANCELLING, now, reason=reason)
            if told:
                unit.publish(SendToDevice(device_id, Cancel(current_attempt_name(self._epoch, step))))
        parts.save(unit.session)
        self._views.publish(unit, parts)

    def _by_key(self, session: Session, principal: Principal, key: str) -> RolloutRow | None:
        return session.scalar(
            select(RolloutRow).where(
                RolloutRow.created_by_id == principal.user_id, RolloutRow.idempotency_key == key
            )
        )

    def _created(self, row: RolloutRow, run_ids: list[int]) -> RolloutCreated:
        return RolloutCreated(**msgspec.structs.asdict(self._views.rollout(row)), run_ids=run_ids)

    def _work(self, session: Session, request: RolloutCreate) -> Work:
        if (request.script_id is None) == (request.revision_id is None):
            raise InvalidError("Give either script_id or revision_id.")
        script = self._library.script_for_run(
            session, script_id=request.script_id, revision_id=request.revision_id
        )
        work = Work(
            title=script.name,
            type=script.language,
            timeout_s=request.policy.timeout_s or script.timeout_s,
            target_os_type=script.target_os_type,
            script_id=script.script_id,
            revision_id=script.revision_id,
            revision=script.revision,
            arguments=request.arguments,
            parameters=request.parameters,
        )
        _check(work, request.policy)
        return work

    def _targets(self, session: Session, request: RolloutCreate, work: Work) -> list[RunTarget]:
        if request.targets.groups or request.targets.query:
            raise InvalidError(
                "This version runs on devices by their ids: leave targets.groups and query out."
            )
        if not request.targets.devices:
            raise InvalidError("Choose at least one device (targets.devices).")
        targets = [self._listed(session, device_id) for device_id in dict.fromkeys(request.targets.devices)]
        check_os(work.target_os_type, targets)
        return targets

    def _listed(self, session: Session, device_id: int) -> RunTarget:
        try:
            return self.target(session, device_id)
        except NotFoundError as error:
            raise NotFoundError(f"Device not found: {device_id}. Nothing was started.") from error

    def target(self, session: Session, device_id: int) -> RunTarget:
        """The device as a target. Raises NotFoundError for one that is unknown or retired."""
        target = self._fleet.target(session, device_id)
        if target is None or target.admission == Admission.RETIRED:
            raise NotFoundError("Device not found")
        return target


def check_os(target_os_type: str | None, targets: Sequence[RunTarget]) -> None:
    """Raises InvalidError that names both sides when a script is for another system."""
    wrong = [target for target in targets if not os_matches(target_os_type, target.os_type)]
    if not wrong:
        return
    named = ", ".join(f"{target.hostname} is {target.os_type}" for target in wrong[:5])
    more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
    sides = f"script {target_os_type}, device {wrong[0].os_type}"
    raise InvalidError(
        f"Script target_os_type is not compatible with device os_type: {sides} ({named}{more})",
        code="os_mismatch",
    )


def _check(work: Work, policy: Policy) -> None:
    if not 1 <= work.timeout_s <= MAX_TIMEOUT_S:
        raise InvalidError(f"The timeout must be between 1 and {MAX_TIMEOUT_S} seconds.")
    if policy.expires_after_s < 1:
        raise InvalidError("expires_after_s must be at least 1 second.")
    if len(work.arguments) > MAX_ARGUMENTS:
        raise InvalidError(f"At most {MAX_ARGUMENTS} arguments can be given.")
    if any("\0" in argument for argument in work.arguments):
        raise InvalidError("An argument cannot contain a NUL character.")
    if work.type == "cmd" and work.arguments:
        raise InvalidError(
            "A cmd script takes no arguments, because cmd.exe would read them as commands. Use parameters: "
            "they arrive as variables."
        )
    if len(msgspec.json.encode([work.arguments, work.parameters])) > MAX_PARAMETERS_BYTES:
        raise InvalidError(f"Arguments and parameters together are limited to {MAX_PARAMETERS_BYTES} bytes.")
    for name in work.parameters:
        if not (name.isascii() and name.isidentifier()):
            raise InvalidError(f"{name!r} cannot be the name of a parameter: use letters, digits and _.")


def _rollout_row(
    work: Work, policy: Policy, principal: Principal, key: str | None, total: int, now: int
) -> RolloutRow:
    row = RolloutRow(
        title=work.title,
        state=RolloutState.RUNNING,
        type=work.type,
        script_id=work.script_id,
        revision_id=work.revision_id,
        revision=work.revision,
        arguments=work.arguments,
        parameters=work.parameters,
        policy=msgspec.to_builtins(policy),
        total=total,
        **dict.fromkeys(RUN_STATES, 0),
        created_by_id=principal.user_id,
        created_by=principal.name,
        idempotency_key=key,
        created_at=now,
    )
    count(row, RunState.QUEUED, total)
    return row


def _task_row(rollout: RolloutRow, work: Work) -> RolloutTaskRow:
    return RolloutTaskRow(
        rollout_id=rollout.id,
        n=1,
        type=work.type,
        name=work.title,
        script_id=work.script_id,
        revision_id=work.revision_id,
        revision=work.revision,
        payload=work.payload,
        arguments=work.arguments,
        parameters=work.parameters,
        secrets=[],
        files={},
        timeout_s=work.timeout_s,
        continue_on_error=False,
        may_repeat=False,
    )


def _run_row(rollout: RolloutRow, target: RunTarget, policy: Policy, now: int) -> RunRow:
    return RunRow(
        rollout_id=rollout.id,
        device_id=target.id,
        device=target.hostname,
        state=RunState.QUEUED,
        expires_at=now + policy.expires_after_s * 1000,
        created_at=now,
    )


def _step_row(run: RunRow, work: Work, now: int) -> StepRow:
    return StepRow(
        run_id=run.id,
        device_id=run.device_id,
        n=1,
        type=work.type,
        name=work.title,
        script_id=work.script_id,
        revision_id=work.revision_id,
        timeout_s=work.timeout_s,
        state=StepState.QUEUED,
        created_at=now,
        updated_at=now,
    )
