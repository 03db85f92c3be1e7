"""What follows when a step has announced that its machine has to restart."""

from __future__ import annotations

from agent.wire.states import Source, StepState
from backend_lite.contract.runs import RebootPolicy
from backend_lite.features.runs.gates import Hold, Waits
from backend_lite.features.runs.parts import RunParts
from backend_lite.features.runs.tables import StepRow
from backend_lite.features.runs.transitions import change_step, hold_step


def await_reboot(parts: RunParts, announced: StepRow, boot_id: str | None, now: int) -> bool:
    """After the end of `announced`: let the rest of the run wait for the next boot. True when the machine
    is still in the boot in which the step ran; `boot_id` is the one it is in, if that is known."""
    still = boot_id is None or boot_id == parts.run.boot_id
    step = parts.next_step
    if step.state != StepState.QUEUED:
        return still
    if parts.run.reboots >= parts.policy.max_reboots:
        change_step(parts, step, StepState.EXPIRED, now, reason="too_many_reboots", source=Source.PRESUMED)
    elif still:
        hold_step(parts, step, _hold(parts, now), now)
    else:
        parts.run.reboots += 1
    return still


def _hold(parts: RunParts, now: int) -> Hold:
    device = parts.run.device
    if parts.policy.reboot is RebootPolicy.NOW:
        sentence = f"{device} has been told to restart. The run goes on when it is back."
    else:
        sentence = f"{device} has to be restarted. The run goes on when it is back."
    return Hold(Waits.REBOOT, sentence, now + parts.policy.reboot_within_s * 1000)
