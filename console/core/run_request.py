"""What a page asks for when it wants something run: the run dialog shows it and lets a person change it."""

from __future__ import annotations

from dataclasses import dataclass, field

from backend_lite.contract.parameters import PlainValue

RUN_DIALOG = "run"


@dataclass(frozen=True)
class RunRequest:
    """Everything is a proposal. `revision_id` pins an older revision of the script."""

    script_id: int | None = None
    revision_id: int | None = None
    device_ids: tuple[int, ...] = ()
    arguments: tuple[str, ...] = ()
    parameters: dict[str, PlainValue] = field(default_factory=dict)
    timeout_s: int | None = None
