"""Work that could start and that nobody offers: whatever woke its device up was lost, to a full disk, say."""

from __future__ import annotations

from sqlalchemy import Select, select, text
from sqlalchemy.orm import Session, aliased

from agent.wire.states import RolloutState, StepState
from backend_lite.features.fleet.api import Hub
from backend_lite.features.runs.tables import JOINED_OPEN_STEP, OPEN_STEP, RolloutRow, RunRow, StepRow

EVERY_S = 30.0
"""Everything that changes wakes up the devices it concerns; this is for when that went wrong."""
_IN_HAND = (StepState.OFFERED, StepState.RUNNING, StepState.CANCELLING)
# So that the index over open steps is used, however many have ended.
_OTHER_IS_OPEN = text(f"other.{OPEN_STEP.text}")


def stranded_devices(session: Session, hub: Hub) -> list[int]:
    """Devices that may work, have nothing in hand, and have work that neither its rollout nor a wait of its
    own keeps back."""
    return [device_id for device_id in session.scalars(_READY) if hub.may_work(device_id)]


def _ready() -> Select[int]:
    other = aliased(StepRow, name="other")
    busy = select(other.device_id).where(_OTHER_IS_OPEN, other.state.in_(_IN_HAND))
    return (
        select(StepRow.device_id)
        .join(RunRow, RunRow.id == StepRow.run_id)
        .join(RolloutRow, RolloutRow.id == RunRow.rollout_id)
        .where(
            JOINED_OPEN_STEP,
            StepRow.state == StepState.QUEUED,
            RolloutRow.state == RolloutState.RUNNING,
            RunRow.wave <= RolloutRow.wave,
            StepRow.device_id.not_in(busy),
        )
        .distinct()
    )


_READY = _ready()
