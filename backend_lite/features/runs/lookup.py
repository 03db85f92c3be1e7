"""From the name of an attempt, as agents say it, to its run."""

from __future__ import annotations

from sqlalchemy.orm import Session

from agent.wire.codec import WireError, parse_attempt_name
from backend_lite.features.runs.parts import RunParts, load_run_of_step
from backend_lite.features.runs.tables import AttemptRow, StepRow

Found = tuple[RunParts, StepRow, AttemptRow]


def find_attempt(session: Session, epoch: str, device_id: int, name: str) -> Found | None:
    """The attempt of that name if it is its step's current one, and the device's."""
    try:
        said_epoch, step_id, n = parse_attempt_name(name)
    except WireError:
        return None
    parts = load_run_of_step(session, step_id, device_id) if said_epoch == epoch else None
    if parts is None:
        return None
    step = next(step for step in parts.steps if step.id == step_id)
    attempt = parts.attempt_of(step)
    return (parts, step, attempt) if attempt is not None and attempt.n == n else None
