"""What a page asks for when work shall be paused somewhere."""

from __future__ import annotations

from dataclasses import dataclass

PAUSE_DIALOG = "pause"


@dataclass(frozen=True)
class PauseRequest:
    """A proposal: these devices, that group, or, where nothing is named, the whole fleet."""

    device_ids: tuple[int, ...] = ()
    group_id: int | None = None
