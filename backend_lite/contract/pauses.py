"""Pauses: for a while no work starts on the fleet, a group or a device."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from backend_lite.contract.common import Time

PAUSES = "/api/v1/pauses"


class PauseScope(StrEnum):
    FLEET = "fleet"
    GROUP = "group"
    DEVICE = "device"


class PauseCreate(Struct):
    """POST PAUSES: no work starts there until it is ended (DELETE PAUSES/{id}) or `until` has come."""

    scope: PauseScope = PauseScope.FLEET
    group_id: int | None = None
    device_id: int | None = None
    reason: str = ""
    until: Time | None = None


class Pause(Struct):
    """`name` is that of the group or device."""

    id: int
    scope: PauseScope
    group_id: int | None
    device_id: int | None
    name: str
    reason: str
    created_by: str
    created_at: Time
    until: Time | None
