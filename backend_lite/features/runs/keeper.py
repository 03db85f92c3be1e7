"""Writing changed runs, telling consoles, and noting what follows from a change."""

from __future__ import annotations

from collections.abc import Sequence

from agent.wire.states import RUN_ENDS, RolloutState
from backend_lite.features.runs.gates import slots_left
from backend_lite.features.runs.moment import Moment
from backend_lite.features.runs.parts import RunParts, save_all
from backend_lite.features.runs.tables import RolloutRow
from backend_lite.features.runs.views import Views


class Keeper:
    def __init__(self, views: Views) -> None:
        self._views = views

    def keep(self, moment: Moment, many: Sequence[RunParts]) -> None:
        """Save what has changed and tell consoles. Devices and rollouts that may be able to go on now are
        noted in `moment`: whoever changes runs lets `Flow.settle` look at them."""
        rollouts: dict[int, RolloutRow] = {}
        changes = [(parts, parts.changes()) for parts in many]
        for parts, changed in changes:
            if any(row is parts.rollout for row, _ in changed):
                rollouts[parts.rollout.id] = parts.rollout
                if _may_go_on(parts):
                    moment.look_at(parts.rollout.id)
            if parts.changed(parts.run, "state") or parts.changed(parts.run, "not_until"):
                moment.device_is_free(parts.run.device_id)
        save_all(moment.session, changes)
        for rollout in rollouts.values():
            self._views.publish_progress(moment.unit, rollout)
        for parts in many:
            self._views.publish(moment.unit, parts)


def _may_go_on(parts: RunParts) -> bool:
    """A changed rollout that has something to do: withdraw its offers, open a wave, fill a place."""
    rollout = parts.rollout
    if rollout.state == RolloutState.HALTED:
        return parts.changed(rollout, "state")
    if rollout.state != RolloutState.RUNNING:
        return False
    if (slots_left(rollout, parts.policy) or 0) > 0 and rollout.waiting:
        return True
    if rollout.wave >= len(rollout.waves):
        return False
    ended: int = sum(getattr(rollout, state) for state in RUN_ENDS)
    return ended >= sum(rollout.waves[: rollout.wave])
