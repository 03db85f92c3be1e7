"""What an agent's outcome means for its step: a pure decision."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from agent.wire.messages import Done
from agent.wire.states import Outcome, StepState
from backend_lite.contract.runs import REBOOT_CODES, REBOOT_CODES_WINDOWS, TaskReboot

REBOOT = "reboot"
"""The reason of a step that succeeded and announced that the machine has to restart."""
_MAY_BE_RETRIED = (StepState.FAILED, StepState.TIMED_OUT, StepState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a task calls a success, and whether a restart follows on it."""

    exit_codes: Collection[int] = (0,)
    reboot: TaskReboot = TaskReboot.ANNOUNCED


@dataclass(frozen=True, slots=True)
class Verdict:
    """The state that an outcome leads to, and the reason that people are shown."""

    state: StepState
    reason: str = ""

    @property
    def may_be_retried(self) -> bool:
        return self.state in _MAY_BE_RETRIED


def verdict(current: StepState, message: Done, terms: Terms, os_type: str | None) -> Verdict:
    """`current` is RUNNING, CANCELLING, or UNKNOWN where that was only presumed."""
    match message.outcome:
        case Outcome.EXITED:
            return _exited(current, message.exit_code, terms, os_type)
        case Outcome.TIMED_OUT:
            return Verdict(StepState.TIMED_OUT, "timeout")
        case Outcome.IDLE:
            return Verdict(StepState.TIMED_OUT, "idle")
        case Outcome.CANCELLED:
            return Verdict(StepState.CANCELLED, "stopped")
        case Outcome.NOT_STARTED if current is StepState.RUNNING:
            # Proved, so another attempt cannot do the work twice.
            return Verdict(StepState.QUEUED, "not_started")
        case Outcome.NOT_STARTED:
            return Verdict(StepState.CANCELLED, "before_start")
        case Outcome.REJECTED:
            return Verdict(StepState.REJECTED, message.detail[:500] or "rejected")
        case _:
            return Verdict(StepState.UNKNOWN, message.detail[:500] or "not_known")


def reboot_codes(os_type: str | None) -> tuple[int, ...]:
    """Exit codes by which a step announces a restart of a machine of that system."""
    return REBOOT_CODES_WINDOWS if os_type is not None and os_type.startswith("windows") else REBOOT_CODES


def _exited(current: StepState, code: int | None, terms: Terms, os_type: str | None) -> Verdict:
    announced = code in reboot_codes(os_type)
    succeeded = announced or code in terms.exit_codes
    state = StepState.SUCCEEDED if succeeded else StepState.FAILED
    if current is StepState.CANCELLING:
        return Verdict(state, "ended_first")
    if succeeded and _restart_follows(terms.reboot, announced):
        return Verdict(state, REBOOT)
    return Verdict(state, "" if succeeded else "exit_code")


def _restart_follows(wanted: TaskReboot, announced: bool) -> bool:
    return wanted is TaskReboot.ALWAYS or (announced and wanted is TaskReboot.ANNOUNCED)
