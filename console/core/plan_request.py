"""What a page asks for when it wants devices to have a profile."""

from __future__ import annotations

from dataclasses import dataclass

ASSIGN_DIALOG = "assign-profile"


@dataclass(frozen=True)
class AssignRequest:
    """`device_ids` get the profile that a person chooses; without them a person chooses the devices that get
    `profile_id`."""

    device_ids: tuple[int, ...] = ()
    profile_id: int | None = None
