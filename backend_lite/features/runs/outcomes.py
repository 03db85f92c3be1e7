"""How attempts ended, as their agents report it, and what that means for their runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Connection, delete, select

from agent.wire.codec import to_plain
from agent.wire.messages import Done, OutputMark, Receipt
from agent.wire.states import Outcome, Source, StepState, may_change
from backend_lite.contract.runs import REBOOT_CODES, REBOOT_CODES_WINDOWS, RebootPolicy
from backend_lite.core.events.bus import SendToDevice
from backend_lite.features.fleet.api import FleetApi
from backend_lite.features.runs.epochs import Epochs
from backend_lite.features.runs.keeper import Keeper
from backend_lite.features.runs.lookup import Found, find_attempts
from backend_lite.features.runs.moment import Moment
from backend_lite.features.runs.output import KeptOutput, SmallOutput
from backend_lite.features.runs.output_keys import record_output, run_output_key
from backend_lite.features.runs.parts import RunParts
from backend_lite.features.runs.reboots import await_reboot
from backend_lite.features.runs.retries import failure_words, retry_hold
from backend_lite.features.runs.rows import SMALL_OUTPUT_ROWS
from backend_lite.features.runs.tables import SmallOutputRow, StepRow, StrayOutcomeRow
from backend_lite.features.runs.tasks import Tasks
from backend_lite.features.runs.transitions import change_step, hold_step
from backend_lite.features.runs.verdict import REBOOT, Terms, Verdict, verdict

log = structlog.get_logger(__name__)

MOST_STRAY = 100
_TEXT = 1_000
_ANNOUNCING = frozenset((*REBOOT_CODES, *REBOOT_CODES_WINDOWS))


@dataclass(frozen=True, slots=True)
class Told:
    """What a device says of an attempt. `kept` is its output, whole; None where the service has no permit
    with that nonce, or no longer waits for it. `small` is output that fits into the database. `judged`:
    what the outcome means, where the device says so itself."""

    device_id: int
    message: Done
    kept: KeptOutput | None = None
    small: SmallOutput | None = None
    judged: Verdict | None = None


class Outcomes:
    """Its methods run inside units of work; the receipt goes out after the commit."""

    def __init__(self, fleet: FleetApi, tasks: Tasks, keeper: Keeper, epochs: Epochs) -> None:
        self._fleet = fleet
        self._tasks = tasks
        self._keeper = keeper
        self._epochs = epochs

    def take(self, moment: Moment, told: Sequence[Told]) -> None:
        """Each gets its receipt, known outcomes the same one again."""
        named = [(one.device_id, one.message.attempt) for one in told]
        found = find_attempts(moment.connection, self._epochs, named)
        small: list[SmallOutputRow] = []
        changed: list[RunParts] = []
        for one, place in zip(told, found, strict=True):
            known = place is None or place[2].outcome is not None
            if one.kept is None:
                reboot = self._take_unpermitted(moment, one.device_id, one.message, place)
            else:
                reboot = place is not None and self._take(moment, one, place, small)
                if not reboot:
                    moment.device_is_free(one.device_id)
            if place is not None and not known and place[2].outcome is not None:
                changed.append(place[0])
            moment.unit.publish(SendToDevice(one.device_id, Receipt(one.message.attempt, reboot)))
        if small:
            SMALL_OUTPUT_ROWS.insert(moment.connection, small)
        self._keeper.keep(moment, changed)

    def to_restart(
        self, connection: Connection, device_id: int, names: Sequence[str], boot_id: str
    ) -> list[OutputMark]:
        """Those ended attempts for which the device, which is in that boot, has yet to restart, with all of
        their output. It tells their outcome once more, and its receipt says so."""
        found = find_attempts(connection, self._epochs, [(device_id, name) for name in names])
        return [
            OutputMark(name, place[2].stdout_size, place[2].stderr_size)
            for name, place in zip(names, found, strict=True)
            if place is not None and _still_to_restart(place, boot_id)
        ]

    def _take(self, moment: Moment, told: Told, found: Found, small: list[SmallOutputRow]) -> bool:
        """The outcome of a permitted attempt, whose output is whole; True when the machine shall restart."""
        parts, step, attempt = found
        message = told.message
        assert told.kept is not None
        if attempt.outcome is not None:
            return False
        attempt.outcome, attempt.exit_code = message.outcome, message.exit_code
        attempt.detail, attempt.ended_at = message.detail, moment.now
        record_output(attempt, message, told.kept)
        if told.small is not None and (told.small.stdout or told.small.stderr):
            small.append(SMALL_OUTPUT_ROWS.new(attempt_id=attempt.id, **told.small._asdict()))
        reboot = self._judge(moment, parts, step, told)
        parts.run.output_key = run_output_key(parts)
        return reboot

    def _take_unpermitted(self, moment: Moment, device_id: int, message: Done, found: Found | None) -> bool:
        """An outcome whose nonce was granted nothing, or that is known already.

        That an offer was never started is a proof, and the step can be offered again. One that is known
        changes nothing. Any other is evidence, and changes nothing either.
        """
        if message.outcome == Outcome.NOT_STARTED:
            if found is not None and found[1].state == StepState.OFFERED:
                _never_started(moment, found)
        elif found is not None and found[2].nonce == message.nonce and found[2].outcome is not None:
            return _still_to_restart(found, self._fleet.hub.boot_id(device_id))
        else:
            log.warning("an outcome matches no permit", device=device_id, attempt=message.attempt)
            _keep_evidence(moment, device_id, message)
        return False

    def _judge(self, moment: Moment, parts: RunParts, step: StepRow, told: Told) -> bool:
        """Move the step to where the outcome leads; True when the machine shall be restarted for it."""
        current, message = StepState(step.state), told.message
        ended = told.judged or self._verdict(moment, parts, step, message)
        if not may_change(current, ended.state, source=Source(step.source) if step.source else None):
            return False
        if current is StepState.RUNNING and self._tries_again(moment, parts, step, ended, message):
            return False
        step.exit_code, step.duration_ms = message.exit_code, message.duration_ms
        source = None if ended.state is StepState.QUEUED else Source.REPORTED
        change_step(parts, step, ended.state, moment.now, reason=ended.reason, source=source)
        if current is not StepState.RUNNING or ended.reason != REBOOT:
            return False
        boot_id = self._fleet.hub.boot_id(step.device_id)
        return await_reboot(parts, step, boot_id, moment.now) and _restarts(parts)

    def _verdict(self, moment: Moment, parts: RunParts, step: StepRow, message: Done) -> Verdict:
        task = self._tasks.of(moment, parts.rollout.id)[step.n - 1]
        codes = parts.policy.exit_codes if task.exit_codes is None else task.exit_codes
        terms, os_type = Terms(codes, task.reboot), self._os_type(moment, step, message)
        return verdict(StepState(step.state), message, terms, os_type)

    def _tries_again(
        self, moment: Moment, parts: RunParts, step: StepRow, ended: Verdict, message: Done
    ) -> bool:
        if not ended.may_be_retried or not parts.policy.retries.count:
            return False
        may_repeat = self._tasks.of(moment, parts.rollout.id)[step.n - 1].may_repeat
        words = failure_words(message.outcome, message.exit_code)
        hold = retry_hold(moment.session, parts, step, may_repeat, words, moment.now)
        if hold is None:
            return False
        step.started_at = None
        hold_step(parts, step, hold, moment.now)
        return True

    def _os_type(self, moment: Moment, step: StepRow, message: Done) -> str | None:
        """The device's system, asked for only where the exit code may announce a restart."""
        if message.exit_code not in _ANNOUNCING:
            return None
        target = self._fleet.target(moment.session, step.device_id)
        return target.os_type if target is not None else None


def _still_to_restart(found: Found, boot_id: str | None) -> bool:
    parts, step, _ = found
    announced = step.state == StepState.SUCCEEDED and step.reason == REBOOT
    return announced and boot_id == parts.run.boot_id and _restarts(parts)


def _never_started(moment: Moment, found: Found) -> None:
    parts, step, attempt = found
    attempt.outcome, attempt.ended_at = Outcome.NOT_STARTED, moment.now
    change_step(parts, step, StepState.QUEUED, moment.now, reason="not_started")
    moment.device_is_free(step.device_id)


def _keep_evidence(moment: Moment, device_id: int, message: Done) -> None:
    """The newest of a device, and cut: what it says without end must not fill the disk."""
    of_device = StrayOutcomeRow.device_id == device_id
    newest = select(StrayOutcomeRow.id).where(of_device).order_by(StrayOutcomeRow.id.desc())
    last = newest.offset(MOST_STRAY - 1).limit(1).scalar_subquery()
    moment.session.execute(delete(StrayOutcomeRow).where(of_device, StrayOutcomeRow.id <= last))
    told = {name: _cut(value) for name, value in to_plain(message).items()}
    moment.session.add(
        StrayOutcomeRow(
            device_id=device_id,
            attempt=message.attempt[:80],
            message=told,
            received_at=moment.now,
        )
    )


def _cut(value: Any) -> Any:
    return value[:_TEXT] if isinstance(value, str) else value


def _restarts(parts: RunParts) -> bool:
    """The policy wants the machine restarted, and the run has not reached its limit."""
    return parts.policy.reboot is RebootPolicy.NOW and parts.run.reboots < parts.policy.max_reboots
