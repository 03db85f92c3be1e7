"""Making rollouts, halting and resuming them, and ending them or their runs early."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import msgspec
from sqlalchemy import Connection, select, update
from sqlalchemy.orm import Session

from agent.wire.messages import Cancel
from agent.wire.states import RolloutState, RunState, Source, StepState
from backend_lite.contract.fleet import Admission
from backend_lite.contract.live import ROLLOUT, RUN
from backend_lite.contract.runs import RolloutCreate, RolloutCreated, RolloutGate
from backend_lite.core.audit.record import Audit, Entity
from backend_lite.core.clock import Clock
from backend_lite.core.db.base import storable
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import SendToDevice
from backend_lite.core.security.principal import Principal
from backend_lite.errors import ConflictError, NotFoundError
from backend_lite.features.fleet.api import FleetApi, RunTarget
from backend_lite.features.runs.advance import Advance
from backend_lite.features.runs.approval_records import ApprovalRecords
from backend_lite.features.runs.approvals_gate import ApprovalGate
from backend_lite.features.runs.destructive import is_destructive
from backend_lite.features.runs.dispatch import Dispatcher
from backend_lite.features.runs.epochs import Epochs
from backend_lite.features.runs.flow import Flow
from backend_lite.features.runs.keeper import Keeper
from backend_lite.features.runs.moment import Moment
from backend_lite.features.runs.parts import (
    RolloutParts,
    RunParts,
    insert_rollout,
    insert_runs,
    insert_steps,
    load_open_runs,
    load_rollout,
    load_run,
    load_runs,
    refresh_rollout,
)
from backend_lite.features.runs.plan_outline import outline
from backend_lite.features.runs.plans import Plan, Plans, is_skipped
from backend_lite.features.runs.profile_records import record_applied
from backend_lite.features.runs.reach import MAY_RUN
from backend_lite.features.runs.rollout_rows import (
    expiry_of,
    file_rows,
    rollout_row,
    run_row,
    step_row,
    task_row,
)
from backend_lite.features.runs.rows import STEP_SECRETS_ROWS, TASK_FILE_ROWS, TASK_ROWS
from backend_lite.features.runs.seals import Seals
from backend_lite.features.runs.sentences import is_wave_done
from backend_lite.features.runs.tables import RolloutRow, RolloutTaskRow, RunRow, StepRow
from backend_lite.features.runs.tasks import Tasks, task_view, task_views
from backend_lite.features.runs.transitions import change_step, count
from backend_lite.features.runs.views import Views
from backend_lite.features.runs.work_findings import WorkFindings

_HELD = "Nothing of the rollout has started."
_BEFORE_START = (StepState.WAITING, StepState.QUEUED, StepState.OFFERED)


class Rollouts:
    """Its methods run inside units of work."""

    def __init__(
        self,
        fleet: FleetApi,
        plans: Plans,
        dispatcher: Dispatcher,
        advance: Advance,
        keeper: Keeper,
        flow: Flow,
        tasks: Tasks,
        views: Views,
        clock: Clock,
        epochs: Epochs,
        findings: WorkFindings,
        gate: ApprovalGate,
        approvals: ApprovalRecords,
    ) -> None:
        self._fleet = fleet
        self._plans = plans
        self._dispatcher = dispatcher
        self._advance = advance
        self._keeper = keeper
        self._flow = flow
        self._tasks = tasks
        self._views = views
        self._clock = clock
        self._audit = Audit(clock)
        self._epochs = epochs
        self._findings = findings
        self._gate = gate
        self._approvals = approvals

    def create(
        self,
        unit: Unit,
        request: RolloutCreate,
        principal: Principal,
        key: str | None,
        seals: Seals | None = None,
    ) -> RolloutCreated:
        """The new rollout, or the one that `key` made before, on devices where the principal may run it.
        Raises InvalidError, NotFoundError."""
        known = self._by_key(unit.session, principal, key)
        if known is not None:
            return known
        plan = self._plans.make(unit.session, request, principal.groups_for(MAY_RUN), seals)
        return self.ask(unit, plan, principal, key)

    def ask(self, unit: Unit, plan: Plan, principal: Principal, key: str | None = None) -> RolloutCreated:
        """As `start`, for the caller of a request. Raises UnauthorizedError, too, for one who was shut out
        since it came."""
        self._gate.refuse_ended(unit.session, principal)
        return self.start(unit, plan, principal, key)

    def start(self, unit: Unit, plan: Plan, principal: Principal, key: str | None = None) -> RolloutCreated:
        """Write the rollout with a run for each candidate, and offer what can be offered; where a second
        person has to approve it, nothing. Raises ConflictError as the gate does."""
        known = self._by_key(unit.session, principal, key)
        if known is not None:
            return known
        moment = Moment(unit, self._clock.now_ms())
        found = self._findings.of(unit.session, plan.works)
        findings = list(chain.from_iterable(found))
        gate = self._gate.admit(unit.session, plan, findings, principal)
        rollout = rollout_row(plan, principal, key, moment.now, self._held_until(gate, plan, moment.now))
        insert_rollout(unit.connection, rollout)
        tasks = _insert_tasks(unit.connection, rollout, plan)
        self._tasks.made(moment, rollout.id, plan.works)
        destructive = [is_destructive(work, of) for work, of in zip(plan.works, found, strict=True)]
        runs = _insert_runs(unit.connection, rollout, plan, destructive)
        if plan.profile_id is not None and not plan.is_partial:
            record_applied(unit.connection, rollout, [parts.run for parts in runs])
        views = [task_view(task) for task in tasks]
        self._views.publish_rollout(unit, rollout, views)
        if gate.approve:
            self._approvals.ask(unit, rollout, gate, findings)
        self._begin(moment, runs)
        # Waves, places and devices that were turned away have changed it meanwhile.
        refresh_rollout(unit.connection, rollout)
        action = "rollouts.request" if gate.approve else "rollouts.start"
        self._tell(unit, action, rollout, outline(plan, len(findings), gate))
        created = msgspec.structs.asdict(self._views.rollout(rollout, views))
        return RolloutCreated(**created, run_ids=[parts.run.id for parts in runs])

    def halt(self, unit: Unit, rollout_id: int, principal: Principal) -> None:
        """Start nothing more; what has started goes on. Raises NotFoundError, ConflictError."""
        moment, parts = self._open_rollout(unit, rollout_id)
        if parts.rollout.state == RolloutState.HELD:
            raise ConflictError(f"{_HELD} To let it never start, refuse or withdraw it.", code="held")
        if parts.rollout.state != RolloutState.HALTED:
            self._advance.halt(moment, parts, f"Halted by {principal.name}."[:500])
            self._flow.settle(moment)
            self._tell(unit, "rollouts.halt", parts.rollout)

    def resume(self, unit: Unit, rollout_id: int) -> None:
        """Go on with the wave, or with the next one where the rollout is not halted.

        Raises NotFoundError, ConflictError.
        """
        moment, parts = self._open_rollout(unit, rollout_id)
        rollout = parts.rollout
        if rollout.state == RolloutState.HELD:
            raise ConflictError(f"{_HELD} It starts once a second person has approved it.", code="held")
        if rollout.state == RolloutState.WAITING:
            raise ConflictError("The rollout starts by itself at the time that was set for it.")
        if rollout.state == RolloutState.RUNNING and not is_wave_done(rollout):
            raise ConflictError(_nothing_to_resume(rollout))
        self._advance.resume(moment, parts)
        self._flow.settle(moment)
        self._tell(unit, "rollouts.resume", rollout)

    def cancel_rollout(self, unit: Unit, rollout_id: int) -> None:
        """Cancel its runs that have not ended. Raises NotFoundError."""
        moment = Moment(unit, self._clock.now_ms())
        known = load_rollout(unit.connection, rollout_id) if storable(rollout_id) else None
        if known is None:
            raise NotFoundError("Rollout not found")
        held = known.rollout.state == RolloutState.HELD
        ended = self._cancel_all(moment, rollout_id, "approval_withdrawn" if held else "before_start")
        self._tell(unit, "rollouts.cancel", known.rollout, {"open_runs": ended})

    def end_held(self, unit: Unit, rollout_id: int, reason: str) -> None:
        """Cancel one that is held: nothing of it ever starts."""
        self._cancel_all(Moment(unit, self._clock.now_ms()), rollout_id, reason)

    def cancel_run(self, unit: Unit, run_id: int) -> None:
        """Cancel what can be; a run that has ended stays as it is. Raises NotFoundError."""
        parts = load_run(unit.connection, run_id) if storable(run_id) else None
        if parts is None:
            raise NotFoundError("Run not found")
        self._cancel(Moment(unit, self._clock.now_ms()), [parts], "before_start")
        run = parts.run
        self._audit.tell(
            unit,
            "runs.cancel",
            Entity(RUN, run.id, parts.rollout.title),
            details={"rollout_id": run.rollout_id, "device_id": run.device_id},
        )

    def device_retired(self, unit: Unit, device_id: int) -> None:
        """A device that is gone takes no more work, and tells nothing any more."""
        moment = Moment(unit, self._clock.now_ms())
        runs = load_open_runs(unit.connection, [device_id])
        for parts in runs:
            for step in parts.steps:
                if step.state in _BEFORE_START:
                    _end(parts, step, StepState.CANCELLED, "device_retired", moment.now)
                elif step.state in (StepState.RUNNING, StepState.CANCELLING):
                    _end(parts, step, StepState.UNKNOWN, "device_retired", moment.now)
        self._keeper.keep(moment, runs)
        self._flow.settle(moment)

    def target(self, session: Session, device_id: int) -> RunTarget:
        """The device as a target. Raises NotFoundError for one that is unknown or retired."""
        target = self._fleet.target(session, device_id)
        if target is None or target.admission == Admission.RETIRED:
            raise NotFoundError("Device not found")
        return target

    def _tell(
        self, unit: Unit, action: str, rollout: RolloutRow, details: Mapping[str, Any] | None = None
    ) -> None:
        self._audit.tell(unit, action, Entity(ROLLOUT, rollout.id, rollout.title), details=details)

    def line(self, session: Session, device_id: int) -> list[int]:
        """The device and those that it took over from."""
        return self._fleet.line(session, device_id)

    def _begin(self, moment: Moment, runs: Sequence[RunParts]) -> None:
        """The turn of the first runs comes at once."""
        for parts in runs:
            if parts.run.state == RunState.QUEUED and not self._dispatcher.turn_away(moment, parts):
                moment.fresh[parts.run.id] = parts
                moment.device_is_free(parts.run.device_id)
        if all(parts.run.ended_at is not None for parts in runs):
            _end_at_once(moment, runs[0].rollout)
        self._keeper.keep(moment, runs)
        self._flow.settle(moment)

    def _held_until(self, gate: RolloutGate, plan: Plan, now: int) -> int | None:
        """Until when it may be approved, if that is needed: never longer than its runs are there for."""
        if not gate.approve:
            return None
        return min(now + self._gate.patience_ms(), expiry_of(plan.policy, now))

    def _cancel_all(self, moment: Moment, rollout_id: int, reason: str) -> int:
        """How many runs of the rollout had not ended."""
        moment.session.connection().execute(
            update(RolloutRow).where(RolloutRow.id == rollout_id).values(cancel_requested=True)
        )
        open_runs = select(RunRow.id).where(RunRow.rollout_id == rollout_id, RunRow.ended_at.is_(None))
        runs = load_runs(moment.connection, moment.session.scalars(open_runs.order_by(RunRow.id)))
        self._cancel(moment, runs, reason)
        return len(runs)

    def _cancel(self, moment: Moment, runs: Sequence[RunParts], reason: str) -> None:
        for parts in runs:
            for step in parts.steps:
                if step.state in (StepState.OFFERED, StepState.RUNNING):
                    name = self._epochs.name_of(step)
                    moment.unit.publish(SendToDevice(step.device_id, Cancel(name)))
                if step.state in _BEFORE_START:
                    _end(parts, step, StepState.CANCELLED, reason, moment.now)
                elif step.state == StepState.RUNNING:
                    clock = parts.run.not_until
                    change_step(parts, step, StepState.CANCELLING, moment.now, reason="cancelled")
                    parts.run.not_until = clock
        self._keeper.keep(moment, runs)
        self._flow.settle(moment)

    def _open_rollout(self, unit: Unit, rollout_id: int) -> tuple[Moment, RolloutParts]:
        parts = load_rollout(unit.connection, rollout_id) if storable(rollout_id) else None
        if parts is None:
            raise NotFoundError("Rollout not found")
        if parts.rollout.ended_at is not None:
            raise ConflictError("The rollout has ended.")
        return Moment(unit, self._clock.now_ms()), parts

    def _by_key(self, session: Session, principal: Principal, key: str | None) -> RolloutCreated | None:
        if key is None:
            return None
        row = session.scalar(
            select(RolloutRow).where(
                RolloutRow.created_by_id == principal.user_id, RolloutRow.idempotency_key == key
            )
        )
        if row is None:
            return None
        ids = session.scalars(select(RunRow.id).where(RunRow.rollout_id == row.id).order_by(RunRow.id))
        view = self._views.rollout(row, task_views(session, [row.id])[row.id])
        return RolloutCreated(**msgspec.structs.asdict(view), run_ids=list(ids))


def _nothing_to_resume(rollout: RolloutRow) -> str:
    if rollout.wave >= len(rollout.waves):
        return "The rollout is under way, and has no further wave."
    return (
        f"Wave {rollout.wave} of {len(rollout.waves)} is under way. The next one can be started once all of "
        "its runs have ended."
    )


def _end(parts: RunParts, step: StepRow, state: StepState, reason: str, now: int) -> None:
    if step.state in _BEFORE_START or state is StepState.UNKNOWN:
        change_step(parts, step, state, now, reason=reason, source=Source.PRESUMED)


def _insert_tasks(connection: Connection, rollout: RolloutRow, plan: Plan) -> list[RolloutTaskRow]:
    tasks = [task_row(rollout, n, work) for n, work in enumerate(plan.works, 1)]
    TASK_ROWS.insert(connection, tasks)
    for n, work in enumerate(plan.works, 1):
        TASK_FILE_ROWS.insert(connection, file_rows(rollout, n, work))
    return tasks


def _insert_runs(
    connection: Connection, rollout: RolloutRow, plan: Plan, destructive: Sequence[bool]
) -> list[RunParts]:
    waves = _waves(rollout.waves)
    rows = [run_row(rollout, plan, one, 1 if is_skipped(one) else next(waves)) for one in plan.candidates]
    insert_runs(connection, rows)
    steps = [
        step_row(rollout, run, n, work, candidate, destructive=destructive[n - 1])
        for run, candidate in zip(rows, plan.candidates, strict=True)
        for n, work in enumerate(plan.works, 1)
    ]
    insert_steps(connection, steps)
    _insert_secrets(connection, plan, steps)
    each = len(plan.works)
    runs = [
        RunParts(rollout, run, steps[i * each : (i + 1) * each], policy=plan.policy)
        for i, run in enumerate(rows)
    ]
    for run in rows:
        count(rollout, run.state, +1)
    return runs


def _insert_secrets(connection: Connection, plan: Plan, steps: Sequence[StepRow]) -> None:
    if not any(work.secret_names for work in plan.works):
        return
    targets = {one.target.id: one.target for one in plan.candidates if not is_skipped(one)}
    rows = [
        STEP_SECRETS_ROWS.new(step_id=step.id, sealed=plan.secrets(targets[step.device_id], step.n - 1))
        for step in steps
        if plan.works[step.n - 1].secret_names and step.device_id in targets
    ]
    STEP_SECRETS_ROWS.insert(connection, rows)


def _waves(sizes: Sequence[int]) -> Iterator[int]:
    """The wave of each run that can do something, in their order."""
    for wave, size in enumerate(sizes, 1):
        for _ in range(size):
            yield wave
    while True:
        yield 1


def _end_at_once(moment: Moment, rollout: RolloutRow) -> None:
    """Nothing of it can be carried out."""
    if rollout.ended_at is None:
        rollout.state, rollout.ended_at, rollout.look_at = RolloutState.DONE, moment.now, None
