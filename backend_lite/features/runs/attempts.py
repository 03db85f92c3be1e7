"""What agents say about attempts: the permit, the outcome, and what is still open after a reconnect."""

from __future__ import annotations

import dataclasses

import structlog
from sqlalchemy import and_, insert, or_, select
from sqlalchemy.orm import Session

from agent.wire.codec import WireError, parse_attempt_name, to_plain
from agent.wire.messages import Done, Hello, OutputFrame, OutputMark, Permit, PermitAnswer, Receipt
from agent.wire.states import Outcome, Source, StepState, may_change
from backend_lite.contract.fleet import Admission
from backend_lite.core.clock import Clock
from backend_lite.core.db.database import Database
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import SendToDevice
from backend_lite.features.fleet.api import FleetApi, HelloAnswer
from backend_lite.features.runs.dispatch import Dispatcher
from backend_lite.features.runs.output import KeptOutput, SmallOutput
from backend_lite.features.runs.output_keys import record_output, run_output_key
from backend_lite.features.runs.output_store import (
    AttemptRef,
    OpenAttemptOutput,
    OutputStore,
    current_attempt_name,
    ref_of,
)
from backend_lite.features.runs.parts import RunParts, load_open_runs, load_run_of_step
from backend_lite.features.runs.tables import OPEN_STEP, AttemptRow, SmallOutputRow, StepRow, StrayOutcomeRow
from backend_lite.features.runs.transitions import change_step
from backend_lite.features.runs.views import Views

log = structlog.get_logger(__name__)

_MAX_RESTARTS = 3
"""How often damaged output is asked for again before what there is is kept."""


class Attempts:
    """Handlers of the agent channel. Each message is idempotent and one write; answers follow the commit."""

    def __init__(
        self,
        database: Database,
        fleet: FleetApi,
        clock: Clock,
        output: OutputStore,
        dispatcher: Dispatcher,
        views: Views,
        service_epoch: str,
    ) -> None:
        self._database = database
        self._fleet = fleet
        self._clock = clock
        self._output = output
        self._dispatcher = dispatcher
        self._views = views
        self._epoch = service_epoch

    async def hello(self, device_id: int, hello: Hello, new_incarnation: bool) -> HelloAnswer:
        """Sort the agent's open attempts into those we still want and those it may forget."""
        listed = {entry.attempt: entry for entry in hello.open_attempts}
        if new_incarnation:
            await self._database.write(lambda unit: self._lose(unit, device_id, set(listed)))
        wanted = await self._database.read(lambda session: self._wanted(session, device_id))
        marks: list[OutputMark] = []
        for name in listed:
            if name in wanted:
                marks.append(await self._output.mark(device_id, name) or OutputMark(name, 0, 0))
        return HelloAnswer(tuple(marks), tuple(name for name in listed if name not in wanted))

    async def ready(self, device_id: int) -> None:
        await self._database.write(lambda unit: self._dispatcher.catch_up(unit, device_id))

    async def permit(self, device_id: int, message: Permit) -> None:
        ref = await self._database.write(lambda unit: self._permit(unit, device_id, message))
        if ref is not None:
            self._output.open(ref)

    async def output(self, device_id: int, frame: OutputFrame) -> None:
        await self._output.take(device_id, frame)

    async def done(self, device_id: int, message: Done) -> None:
        """Take an outcome once its output is whole; otherwise ask for what is missing."""
        entry = await self._output.find(device_id, message.attempt)
        if entry is None or entry.ref.nonce != message.nonce:
            await self._database.write(lambda unit: self._stray(unit, device_id, message))
            return
        if not self._complete(entry, message):
            self._output.ask_again(entry)
            return
        small = entry.output.small()
        if small is None:
            await entry.output.sync()
        kept = entry.output.kept()
        await self._database.write(lambda unit: self._done(unit, entry.ref, message, kept, small))
        self._output.finish(entry.ref, in_database=small is not None)

    def _complete(self, entry: OpenAttemptOutput, message: Done) -> bool:
        told = (message.stdout_size, message.stderr_size)
        have = entry.output.sizes
        if entry.output.matches(told, (message.stdout_sha256, message.stderr_sha256)):
            return True
        if entry.restarts >= _MAX_RESTARTS:
            log.error("output stays damaged, kept as it is", attempt=message.attempt, have=have, told=told)
            return True
        if have[0] > told[0] or have[1] > told[1] or have == told:
            entry.restarts += 1
            entry.output.restart()
        return False

    def _permit(self, unit: Unit, device_id: int, message: Permit) -> AttemptRef | None:
        """The at-most-once point: the first nonce wins, and only while the step is still offered."""
        found = self._find(unit.session, device_id, message.attempt)
        if found is None:
            self._answer(unit, device_id, message, "no", "The service does not know this attempt.")
            return None
        parts, step, attempt = found
        if attempt.nonce is None and step.state == StepState.OFFERED:
            if not self._may_work(unit.session, device_id):
                self._answer(unit, device_id, message, "no", "The device may not work now.")
                return None
            return self._grant(unit, parts, step, attempt, message)
        if attempt.nonce == message.nonce and attempt.outcome is None:
            if step.state == StepState.RUNNING:
                self._answer(unit, device_id, message, "yes")
                return ref_of(message.attempt, attempt, step)
            if step.state == StepState.CANCELLING:
                self._answer(unit, device_id, message, "cancelled")
                return ref_of(message.attempt, attempt, step)
        self._answer(unit, device_id, message, "no", f"The step is {step.state}.")
        return None

    def _may_work(self, session: Session, device_id: int) -> bool:
        # Asked in the permit's own transaction: a quarantine may have been committed since the offer.
        target = self._fleet.target(session, device_id)
        return target is not None and target.admission == Admission.APPROVED

    def _grant(
        self, unit: Unit, parts: RunParts, step: StepRow, attempt: AttemptRow, message: Permit
    ) -> AttemptRef:
        now = self._clock.now_ms()
        attempt.nonce, attempt.permitted_at = message.nonce, now
        step.started_at = now
        change_step(parts, step, StepState.RUNNING, now)
        parts.save(unit.session)
        self._answer(unit, step.device_id, message, "yes")
        self._views.publish(unit, parts)
        return ref_of(message.attempt, attempt, step)

    def _answer(self, unit: Unit, device_id: int, message: Permit, answer: str, detail: str = "") -> None:
        unit.publish(SendToDevice(device_id, PermitAnswer(message.attempt, message.nonce, answer, detail)))

    def _done(
        self, unit: Unit, ref: AttemptRef, message: Done, kept: KeptOutput, small: SmallOutput | None
    ) -> None:
        found = self._find(unit.session, ref.device_id, ref.name)
        if found is not None and found[2].outcome is None:
            parts, step, attempt = found
            now = self._clock.now_ms()
            _fill(attempt, message, kept, now)
            if small is not None and (small.stdout or small.stderr):
                unit.session.connection().execute(
                    insert(SmallOutputRow).values(attempt_id=ref.id, **dataclasses.asdict(small))
                )
            self._end(parts, step, message, now)
            parts.run.output_key = run_output_key(parts)
            parts.save(unit.session)
            self._views.publish(unit, parts)
        unit.publish(SendToDevice(ref.device_id, Receipt(ref.name)))
        self._dispatcher.offer_next(unit, ref.device_id)

    def _end(self, parts: RunParts, step: StepRow, message: Done, now: int) -> None:
        state, reason = _verdict(StepState(step.state), message)
        current_source = Source(step.source) if step.source else None
        if not may_change(StepState(step.state), state, source=current_source):
            return
        step.exit_code, step.duration_ms = message.exit_code, message.duration_ms
        source = None if state == StepState.QUEUED else Source.REPORTED
        change_step(parts, step, state, now, reason=reason, source=source)

    def _stray(self, unit: Unit, device_id: int, message: Done) -> None:
        """An outcome that is known already gets its receipt again; one without its permit is evidence."""
        found = self._find(unit.session, device_id, message.attempt)
        known = found is not None and found[2].nonce == message.nonce and found[2].outcome is not None
        if not known:
            log.warning("an outcome matches no permit", device=device_id, attempt=message.attempt)
            unit.session.add(
                StrayOutcomeRow(
                    device_id=device_id,
                    attempt=message.attempt[:80],
                    message=to_plain(message),
                    received_at=self._clock.now_ms(),
                )
            )
        unit.publish(SendToDevice(device_id, Receipt(message.attempt)))

    def _lose(self, unit: Unit, device_id: int, listed: set[str]) -> None:
        """A new life of the device: permits of the one before that it does not list are lost."""
        now = self._clock.now_ms()
        for parts in load_open_runs(unit.session, device_id):
            for step in parts.steps:
                in_doubt = step.state in (StepState.RUNNING, StepState.CANCELLING)
                if in_doubt and current_attempt_name(self._epoch, step) not in listed:
                    change_step(
                        parts, step, StepState.UNKNOWN, now, reason="journal_lost", source=Source.PRESUMED
                    )
                    parts.save(unit.session)
                    self._views.publish(unit, parts)

    def _wanted(self, session: Session, device_id: int) -> set[str]:
        """Names of the device's attempts of which the service still wants to hear."""
        in_doubt = StepRow.state == StepState.UNKNOWN, StepRow.source == Source.PRESUMED
        query = select(StepRow).where(StepRow.device_id == device_id, or_(OPEN_STEP, and_(*in_doubt)))
        return {current_attempt_name(self._epoch, step) for step in session.scalars(query)}

    def _find(
        self, session: Session, device_id: int, name: str
    ) -> tuple[RunParts, StepRow, AttemptRow] | None:
        """The attempt of that name if it is its step's current one, and the device's."""
        try:
            epoch, step_id, n = parse_attempt_name(name)
        except WireError:
            return None
        parts = load_run_of_step(session, step_id, device_id) if epoch == self._epoch else None
        if parts is None:
            return None
        step = next(step for step in parts.steps if step.id == step_id)
        attempt = parts.attempt_of(step)
        return (parts, step, attempt) if attempt is not None and attempt.n == n else None


def _fill(attempt: AttemptRow, message: Done, kept: KeptOutput, now: int) -> None:
    attempt.outcome, attempt.exit_code, attempt.detail = message.outcome, message.exit_code, message.detail
    attempt.ended_at = now
    record_output(attempt, message, kept)


def _verdict(current: StepState, message: Done) -> tuple[StepState, str]:
    """The state that an outcome leads to, and the reason people are shown."""
    match message.outcome:
        case Outcome.EXITED:
            return (StepState.SUCCEEDED, "") if message.exit_code == 0 else (StepState.FAILED, "exit_code")
        case Outcome.TIMED_OUT:
            return StepState.TIMED_OUT, "timeout"
        case Outcome.CANCELLED:
            return StepState.CANCELLED, "stopped"
        case Outcome.NOT_STARTED if current == StepState.CANCELLING:
            return StepState.CANCELLED, "before_start"
        case Outcome.NOT_STARTED if current == StepState.RUNNING:
            # Proved, so another attempt cannot do the work twice.
            return StepState.QUEUED, "not_started"
        case Outcome.REJECTED:
            return StepState.REJECTED, message.detail[:500] or "rejected"
        case _:
            return StepState.UNKNOWN, message.detail[:500] or "not_known"
