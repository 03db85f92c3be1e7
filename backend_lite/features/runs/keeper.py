"""Writing changed runs, telling consoles, and noting what follows from a change."""

from __future__ import annotations

from collections.abc import Sequence

from agent.wire.states import RUN_ENDS, RolloutState, StepState
from backend_lite.features.runs.approval_records import ApprovalRecords
from backend_lite.features.runs.gates import slots_left
from backend_lite.features.runs.moment import Moment
from backend_lite.features.runs.parts import RunParts, save_all
from backend_lite.features.runs.rows import ROLLOUT_ROWS, RUN_ROWS
from backend_lite.features.runs.views import Views

IN_HAND = (StepState.OFFERED, StepState.RUNNING, StepState.CANCELLING)
"""The device has the step, or is about to."""


class Keeper:
    def __init__(self, views: Views, approvals: ApprovalRecords) -> None:
        self._views = views
        self._approvals = approvals

    def keep(self, moment: Moment, many: Sequence[RunParts]) -> None:
        """Save what has changed and tell consoles. Devices and rollouts that may be able to go on now are
        noted in `moment`: whoever changes runs lets `Flow.settle` look at them."""
        of_rollouts = {id(parts.rollout): parts for parts in many}.values()
        changed = [parts for parts in of_rollouts if ROLLOUT_ROWS.has_changed(parts.rollout)]
        for parts in changed:
            if _may_go_on(parts):
                moment.look_at(parts.rollout.id)
        for parts in many:
            if _may_free_its_device(parts):
                moment.device_is_free(parts.run.device_id)
        never_begun = [parts.rollout for parts in changed if _has_ended_held(parts)]
        save_all(moment.connection, many)
        for rollout in never_begun:
            self._approvals.rollout_ended(moment.unit, rollout)
        for parts in changed:
            self._views.publish_progress(moment.unit, parts.rollout)
        for parts in many:
            self._views.publish(moment.unit, parts)


def _may_free_its_device(parts: RunParts) -> bool:
    run, before = parts.run, RUN_ROWS.before
    has_moved = run.state != before(run, "state") or run.not_until != before(run, "not_until")
    return has_moved and parts.next_step.state not in IN_HAND


def _has_ended_held(parts: RunParts) -> bool:
    rollout = parts.rollout
    return rollout.ended_at is not None and ROLLOUT_ROWS.before(rollout, "state") == RolloutState.HELD


def _may_go_on(parts: RunParts) -> bool:
    """A changed rollout that has something to do: withdraw its offers, open a wave, fill a place."""
    rollout = parts.rollout
    if rollout.state == RolloutState.HALTED:
        return bool(rollout.state != ROLLOUT_ROWS.before(rollout, "state"))
    if rollout.state != RolloutState.RUNNING:
        return False
    if (slots_left(rollout, parts.policy) or 0) > 0 and rollout.waiting:
        return True
    if rollout.wave >= len(rollout.waves):
        return False
    ended: int = sum(getattr(rollout, state) for state in RUN_ENDS)
    return ended >= sum(rollout.waves[: rollout.wave])
