"""The one place where a step changes its state, and where its run and rollout follow."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from agent.wire.states import (
    RUN_ENDS,
    STEP_ENDS,
    RolloutState,
    RunState,
    Source,
    StepState,
    may_change,
)
from backend_lite.contract.runs import Policy
from backend_lite.features.runs.conditions import CONDITION
from backend_lite.features.runs.gates import Hold
from backend_lite.features.runs.parts import RunParts
from backend_lite.features.runs.shares import amount
from backend_lite.features.runs.tables import RolloutRow, StepRow

_BAD_ENDS = STEP_ENDS - {StepState.SUCCEEDED}

# The worst end of its steps is the run's, in this order.
_RUN_END_ORDER: tuple[tuple[frozenset[StepState], RunState], ...] = (
    (frozenset({StepState.UNKNOWN}), RunState.UNKNOWN),
    (frozenset({StepState.FAILED, StepState.TIMED_OUT, StepState.REJECTED}), RunState.FAILED),
    (frozenset({StepState.CANCELLED}), RunState.CANCELLED),
    (frozenset({StepState.EXPIRED}), RunState.EXPIRED),
)

_ended_runs = attrgetter(*RUN_ENDS)


class IllegalTransitionError(Exception):
    """A bug or a stale caller: the step cannot go there from where it is."""


def change_step(
    parts: RunParts,
    step: StepRow,
    state: StepState,
    now: int,
    *,
    reason: str = "",
    source: Source | None = None,
) -> None:
    """Move `step`, then its run, the counters and its rollout. Raises IllegalTransitionError."""
    current = StepState(step.state)
    if not may_change(current, state, source=Source(step.source) if step.source else None):
        raise IllegalTransitionError(f"step {step.id}: {current} -> {state}")
    limited = parts.policy.concurrency is not None
    offered = limited and _is_offered(parts)
    # Plain words: what is stored and compared thousands of times a second.
    step.state, step.reason, step.source, step.updated_at = state.value, reason, source, now
    parts.run.not_until = parts.run.waiting = None
    if state in STEP_ENDS:
        step.ended_at = now
        _advance(parts, step, now)
    _follow(parts, now)
    if limited:
        parts.rollout.offered += _is_offered(parts) - offered


def lose_sight(parts: RunParts, now: int, reason: str) -> None:
    """Nothing is known any more of the steps that have not ended: presume them unknown, whatever they were
    waiting for, so that reports of their devices can still replace that."""
    for step in parts.steps:
        if step.state not in STEP_ENDS:
            step.state, step.reason, step.source = StepState.UNKNOWN.value, reason, Source.PRESUMED
            step.updated_at = step.ended_at = now
    parts.run.not_until = parts.run.waiting = None
    _follow(parts, now)
    if parts.policy.concurrency is not None:
        parts.rollout.offered = 0


def hold_step(parts: RunParts, step: StepRow, hold: Hold, now: int) -> None:
    """Let an open step that is not under way wait, for the reason and until the time of `hold`."""
    if step.state == StepState.WAITING:
        step.reason = parts.run.reason = hold.reason
    else:
        change_step(parts, step, StepState.WAITING, now, reason=hold.reason)
    parts.run.not_until, parts.run.waiting = hold.until, hold.sentence[:500]


def _is_offered(parts: RunParts) -> bool:
    """The run is about to start: it takes one of the places of a rollout that limits them."""
    return parts.run.state == RunState.QUEUED and any(step.state == StepState.OFFERED for step in parts.steps)


def _advance(parts: RunParts, ended: StepRow, now: int) -> None:
    """After an end: queue the next step, or skip the rest when the run may not go on."""
    rest = [step for step in parts.steps if step.n > ended.n and step.state == StepState.WAITING]
    goes_on = ended.state == StepState.SUCCEEDED or (
        ended.continue_on_error and ended.state in (StepState.FAILED, StepState.TIMED_OUT, StepState.REJECTED)
    )
    if goes_on:
        for step in rest[:1]:
            step.state, step.updated_at = StepState.QUEUED, now
            # The device took the run in time; the rest of it gets as long again.
            patience = parts.policy.expires_after_s * 1000
            parts.run.expires_at = max(parts.run.expires_at or 0, now + patience)
        return
    for step in rest:
        step.state, step.reason, step.source = StepState.SKIPPED, "earlier_step", Source.PRESUMED
        step.updated_at = step.ended_at = now


def _follow(parts: RunParts, now: int) -> None:
    run, state = parts.run, run_state(parts.steps)
    if state in (RunState.RUNNING, RunState.CANCELLING) and run.started_at is None:
        run.started_at = now
    if state != run.state:
        count(parts.rollout, run.state, -1)
        count(parts.rollout, state, +1)
        run.state = state.value
        if state in RUN_ENDS:
            _follow_rollout(parts.rollout, parts.policy, now)
    deciding = _deciding_step(parts.steps)
    run.reason, run.source = deciding.reason[:80], deciding.source
    run.ended_at = now if state in RUN_ENDS else None


def run_state(steps: Sequence[StepRow]) -> RunState:
    """The state of a run, from the states of its steps."""
    states = {step.state for step in steps}
    if states <= STEP_ENDS:
        return _end_of(steps)
    if StepState.CANCELLING in states:
        return RunState.CANCELLING
    if StepState.RUNNING in states or (states & STEP_ENDS and has_begun(steps)):
        return RunState.RUNNING
    return RunState.QUEUED if states & {StepState.QUEUED, StepState.OFFERED} else RunState.WAITING


def has_begun(steps: Sequence[StepRow]) -> bool:
    """One of the steps that are for the device has ended."""
    return any(step.state in STEP_ENDS and not _left_out(step) for step in steps)


def _end_of(steps: Sequence[StepRow]) -> RunState:
    counted = {step.state for step in steps if not _forgiven(step)}
    for ends, state in _RUN_END_ORDER:
        if counted & ends:
            return state
    return RunState.SUCCEEDED if counted != {StepState.SKIPPED} else RunState.SKIPPED


def _forgiven(step: StepRow) -> bool:
    return step.continue_on_error and step.state in (
        StepState.FAILED,
        StepState.TIMED_OUT,
        StepState.REJECTED,
    )


def _left_out(step: StepRow) -> bool:
    """The step was never meant for the device."""
    return step.state == StepState.SKIPPED and step.reason == CONDITION


def _deciding_step(steps: Sequence[StepRow]) -> StepRow:
    meant = [step for step in steps if not _left_out(step)] or steps
    for step in meant:
        if step.state in _BAD_ENDS and not _forgiven(step):
            return step
    return next((step for step in meant if step.state not in STEP_ENDS), meant[-1])


def count(rollout: RolloutRow, state: str, by: int) -> None:
    """Add `by` to the rollout's counter of runs in `state`."""
    setattr(rollout, state, getattr(rollout, state) + by)


def _follow_rollout(rollout: RolloutRow, policy: Policy, now: int) -> None:
    if sum(_ended_runs(rollout)) == rollout.total:
        rollout.state = RolloutState.CANCELLED if rollout.cancel_requested else RolloutState.DONE
        rollout.ended_at, rollout.look_at, rollout.halt_reason = now, None, None
    elif rollout.state == RolloutState.RUNNING and (sentence := too_many_failures(rollout, policy)):
        rollout.state, rollout.halt_reason = RolloutState.HALTED, sentence


def too_many_failures(rollout: RolloutRow, policy: Policy) -> str:
    """Why so many bad ends halt the rollout; empty while they do not. Runs that failed or of which it is not
    known count; those that a person stopped, or that no device took in time, do not."""
    bad = rollout.failed + rollout.unknown - (rollout.forgiven or 0)
    if policy.failure_limit is None or bad <= 0:
        return ""
    limit = amount(policy.failure_limit, rollout.total, "limit of failures")
    if bad <= limit:
        return ""
    return f"{bad} of {rollout.total} runs ended badly, more than the {limit} that are allowed."
