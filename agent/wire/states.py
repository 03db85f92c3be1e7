"""States of runs and steps, how they may change, and how an attempt can end.

One table serves the service, the window and the tests. An *end* is final, except that an end which the
service only presumed yields once to the agent's own report.
"""

from __future__ import annotations

from enum import StrEnum


class StepState(StrEnum):
    WAITING = "waiting"
    QUEUED = "queued"
    OFFERED = "offered"
    RUNNING = "running"
    CANCELLING = "cancelling"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    EXPIRED = "expired"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


class RunState(StrEnum):
    WAITING = "waiting"
    QUEUED = "queued"
    RUNNING = "running"
    CANCELLING = "cancelling"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


class RolloutState(StrEnum):
    """`held`: a second person has not agreed yet."""

    HELD = "held"
    WAITING = "waiting"
    RUNNING = "running"
    HALTED = "halted"
    DONE = "done"
    CANCELLED = "cancelled"


class Source(StrEnum):
    """Who says how a step ended: the worker itself, or the service for want of a report."""

    REPORTED = "reported"
    PRESUMED = "presumed"


class Outcome(StrEnum):
    """How an attempt ended, in the agent's words. IDLE: it printed nothing for longer than it may.

    NOT_STARTED is a proof: the agent took the attempt's gate itself, so nothing ran and nothing can run.
    """

    EXITED = "exited"
    TIMED_OUT = "timed_out"
    IDLE = "idle"
    CANCELLED = "cancelled"
    NOT_STARTED = "not_started"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


_S = StepState

STEP_ENDS: frozenset[StepState] = frozenset(
    {_S.SUCCEEDED, _S.FAILED, _S.TIMED_OUT, _S.CANCELLED, _S.SKIPPED, _S.EXPIRED, _S.REJECTED, _S.UNKNOWN}
)
RUN_ENDS: frozenset[RunState] = frozenset(
    {
        RunState.SUCCEEDED,
        RunState.FAILED,
        RunState.CANCELLED,
        RunState.SKIPPED,
        RunState.EXPIRED,
        RunState.UNKNOWN,
    }
)

_REPORTED_ENDS = frozenset({_S.SUCCEEDED, _S.FAILED, _S.TIMED_OUT, _S.CANCELLED, _S.REJECTED, _S.UNKNOWN})

STEP_TRANSITIONS: dict[StepState, frozenset[StepState]] = {
    _S.WAITING: frozenset({_S.QUEUED, _S.CANCELLED, _S.SKIPPED, _S.EXPIRED, _S.FAILED}),
    # Failed, when the policy wants that of a device that is offline; rejected, when its agent is too old.
    _S.QUEUED: frozenset(
        {_S.OFFERED, _S.WAITING, _S.CANCELLED, _S.SKIPPED, _S.EXPIRED, _S.FAILED, _S.REJECTED}
    ),
    _S.OFFERED: frozenset({_S.RUNNING, _S.QUEUED, _S.WAITING, _S.CANCELLED, _S.EXPIRED, _S.REJECTED}),
    # Back to the queue after a proof that nothing ran; to waiting for a retry that is allowed.
    _S.RUNNING: frozenset({_S.CANCELLING, _S.QUEUED, _S.WAITING}) | _REPORTED_ENDS,
    _S.CANCELLING: _REPORTED_ENDS,
    # An end that was only presumed: see `may_change`.
    _S.UNKNOWN: _REPORTED_ENDS - {_S.UNKNOWN},
    _S.EXPIRED: frozenset(),
}


def may_change(current: StepState, new: StepState, *, source: Source | None = None) -> bool:
    """True when a step may go from `current` to `new`; `source` is that of the current end, if it is one."""
    if current in STEP_ENDS and source is not Source.PRESUMED:
        return False
    return new in STEP_TRANSITIONS.get(current, frozenset())
