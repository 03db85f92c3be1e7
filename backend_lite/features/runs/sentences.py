"""Why something that has not ended waits, and until when: a sentence and a clock for each of them."""

from __future__ import annotations

from agent.wire.states import RUN_ENDS, RolloutState, StepState
from backend_lite.features.fleet.api import Hub
from backend_lite.features.runs.gates import Waits, rollout_gate
from backend_lite.features.runs.tables import RolloutRow, RunRow, StepRow

Wait = tuple[str, str, int | None]
"""Reason (as a word for programs), sentence, and clock in ms."""

_BEFORE_START = (StepState.WAITING, StepState.QUEUED, StepState.OFFERED)
_AGAIN_MS = 60_000


def run_wait(hub: Hub, rollout: RolloutRow, run: RunRow, step: StepRow, now: int) -> Wait:
    """Of a run whose `step` is the first that has not ended. One that runs undisturbed has no sentence, only
    the clock by which it ends at the latest; one that has ended has neither."""
    if run.state in RUN_ENDS:
        return run.reason, "", None
    if step.state not in _BEFORE_START:
        return run.reason, _under_way(hub, run, step, now), _deadline(run, step, now)
    gate = rollout_gate(rollout, run.wave)
    if gate is not None:
        clock = rollout.look_at if rollout.look_at is not None else run.expires_at
        return gate, _gate_sentence(rollout, run, gate), min(clock, run.expires_at)
    if run.waiting:
        clock = run.not_until if run.not_until is not None else run.expires_at
        return run.reason, run.waiting, min(clock, run.expires_at)
    return run.reason, _before_start(hub, run, step), run.expires_at


def rollout_wait(rollout: RolloutRow) -> str:
    """Why a rollout that has not ended does not go on by itself; empty while it does."""
    match rollout.state:
        case RolloutState.HELD:
            return "Nothing of it starts before a second person has approved it."
        case RolloutState.HALTED:
            return rollout.halt_reason or "The rollout is halted."
        case RolloutState.WAITING:
            return "It starts at the time that was set for it."
        case RolloutState.RUNNING if rollout.halt_reason:
            return rollout.halt_reason
        case RolloutState.RUNNING if rollout.running or rollout.cancelling:
            return ""
        case RolloutState.RUNNING if rollout.queued:
            return "Its runs wait for their devices."
        case RolloutState.RUNNING:
            return "Its runs wait; each says for what."
        case _:
            return ""


def is_wave_done(rollout: RolloutRow) -> bool:
    """The wave has ended, and the next one waits for something: resuming begins it."""
    held = rollout.state == RolloutState.RUNNING and bool(rollout.halt_reason)
    return held and rollout.wave < len(rollout.waves)


def _gate_sentence(rollout: RolloutRow, run: RunRow, gate: Waits) -> str:
    match gate:
        case Waits.APPROVAL:
            return "Nothing of the rollout starts before a second person has approved it."
        case Waits.HALTED:
            return f"The rollout is halted. {rollout.halt_reason or ''}".strip()
        case Waits.NOT_BEFORE:
            return "The rollout starts at the time that was set for it."
        case _:
            if rollout.halt_reason and run.wave == rollout.wave + 1:
                return rollout.halt_reason
            return f"It is in wave {run.wave}; wave {rollout.wave} of {len(rollout.waves)} is under way."


def _before_start(hub: Hub, run: RunRow, step: StepRow) -> str:
    if not hub.connected(run.device_id):
        return f"{run.device} is offline. The run starts when it comes back."
    if not hub.may_work(run.device_id):
        return f"{run.device} may not work before it is approved."
    if step.state == StepState.OFFERED:
        return f"Offered to {run.device}, which has not started it yet."
    return f"Another run is under way on {run.device}."


def _under_way(hub: Hub, run: RunRow, step: StepRow, now: int) -> str:
    if not hub.connected(run.device_id):
        return f"No contact with {run.device}. The result is not known before it is back."
    if step.state == StepState.CANCELLING:
        return f"{run.device} has been told to stop and has not confirmed yet."
    if _time_is_up(run, step) <= now:
        return f"{run.device} is past the time limit by the clock; time in which it sleeps does not count."
    return ""


def _time_is_up(run: RunRow, step: StepRow) -> int:
    return (step.started_at or run.created_at) + step.timeout_s * 1000


def _deadline(run: RunRow, step: StepRow, now: int) -> int:
    """When the step should have ended; later on when it is given up, as far as that lies ahead."""
    clocks = (_time_is_up(run, step), run.not_until or 0)
    return next((clock for clock in clocks if clock > now), now + _AGAIN_MS)
