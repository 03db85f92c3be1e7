"""A device as the audit has it: what people decide about it, not what it says about itself."""

from __future__ import annotations

from typing import Any

from backend_lite.contract.live import DEVICE
from backend_lite.core.audit.record import Entity
from backend_lite.features.fleet.tables import DeviceRow

_TOLD = (
    "hostname", "os_type", "os_version", "hardware_summary", "tags", "profile_id",
    "admission", "quarantine_reason", "possible_duplicate_of", "replaces_id",
)  # fmt: skip


def told(row: DeviceRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _TOLD}


def entity_of(row: DeviceRow) -> Entity:
    return Entity(DEVICE, row.id, row.hostname)
