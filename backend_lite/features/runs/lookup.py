"""From the names of attempts, as agents say them, to their runs."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from backend_lite.features.runs.epochs import Epochs
from backend_lite.features.runs.parts import RunParts, load_runs_of_steps
from backend_lite.features.runs.tables import AttemptRow, StepRow

Found = tuple[RunParts, StepRow, AttemptRow]


def find_attempts(
    connection: Connection, epochs: Epochs, named: Sequence[tuple[int, str]]
) -> list[Found | None]:
    """For each device and name: the attempt if it is its step's current one, and the device's. What belongs
    to one run is the same object wherever it is found."""
    places = [epochs.step_of(name) for _, name in named]
    runs = load_runs_of_steps(connection, [place[0] for place in places if place is not None])
    return [
        None if place is None else _current(runs.get(place[0]), device_id, *place)
        for (device_id, _), place in zip(named, places, strict=True)
    ]


def find_steps(connection: Connection, device_id: int, step_ids: Sequence[int]) -> dict[int, RunParts]:
    """By the id of each step that is the device's: its run."""
    found = load_runs_of_steps(connection, step_ids)
    return {step_id: parts for step_id, parts in found.items() if parts.run.device_id == device_id}


def _current(parts: RunParts | None, device_id: int, step_id: int, n: int) -> Found | None:
    if parts is None or parts.run.device_id != device_id:
        return None
    step = parts.step(step_id)
    attempt = parts.attempt_of(step)
    return (parts, step, attempt) if attempt is not None and attempt.n == n else None
