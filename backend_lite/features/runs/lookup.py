"""From the names of attempts, as agents say them, to their runs."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from agent.wire.codec import WireError, parse_attempt_name
from backend_lite.core.db.base import storable
from backend_lite.features.runs.parts import RunParts, load_runs_of_steps
from backend_lite.features.runs.tables import AttemptRow, StepRow

Found = tuple[RunParts, StepRow, AttemptRow]


def find_attempts(connection: Connection, epoch: str, named: Sequence[tuple[int, str]]) -> list[Found | None]:
    """For each device and name: the attempt if it is its step's current one, and the device's. What belongs
    to one run is the same object wherever it is found."""
    places = [_place(epoch, name) for _, name in named]
    runs = load_runs_of_steps(connection, [place[0] for place in places if place is not None])
    return [
        None if place is None else _current(runs.get(place[0]), device_id, *place)
        for (device_id, _), place in zip(named, places, strict=True)
    ]


def _place(epoch: str, name: str) -> tuple[int, int] | None:
    """Step and number of an attempt."""
    try:
        said_epoch, step_id, n = parse_attempt_name(name)
    except WireError:
        return None
    return (step_id, n) if said_epoch == epoch and storable(step_id) else None


def _current(parts: RunParts | None, device_id: int, step_id: int, n: int) -> Found | None:
    if parts is None or parts.run.device_id != device_id:
        return None
    step = parts.step(step_id)
    attempt = parts.attempt_of(step)
    return (parts, step, attempt) if attempt is not None and attempt.n == n else None
