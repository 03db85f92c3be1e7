"""A device as the contract shows it: its row, and what presence knows better."""

from __future__ import annotations

from typing import Any

import msgspec

from agent.wire.fingerprint import fingerprint_words
from agent.wire.messages import Facts, Metrics
from backend_lite.contract.common import format_time
from backend_lite.contract.fleet import Admission, Contact, Device, Protocol
from backend_lite.features.fleet.presence import Presence
from backend_lite.features.fleet.tables import DeviceRow

_UNKNOWN = "unknown"
DETAILS = "details"
"""The part of a device that `change_of` is."""

_OF_PRESENCE = frozenset({"last_check_in", "contact", "status", "connected", "metrics"})


def device_of(row: DeviceRow, presence: Presence) -> Device:
    device = _of_row(row)
    sighting = presence.view(row.id)
    if sighting is not None:
        device.contact = sighting.contact
        device.status = sighting.contact.value
        device.connected = sighting.connected
        device.metrics = sighting.metrics or device.metrics
        device.last_check_in = format_time(presence.heard_ms(sighting))
    return device


def change_of(row: DeviceRow) -> dict[str, Any]:
    """Every field of the device but those of presence, which has its own, newer changes."""
    plain: dict[str, Any] = msgspec.to_builtins(_of_row(row))
    return {name: value for name, value in plain.items() if name not in _OF_PRESENCE}


def _of_row(row: DeviceRow) -> Device:
    seen = row.last_contact_at
    return Device(
        id=row.id,
        uid=row.uid,
        hostname=row.hostname,
        profile_id=row.profile_id,
        status=Contact.OFFLINE.value if seen else _UNKNOWN,
        os_type=row.os_type,
        os_version=row.os_version,
        os_description=row.os_description,
        hardware_summary=row.hardware_summary,
        last_check_in=format_time(seen) if seen else None,
        created_at=format_time(row.created_at),
        admission=Admission(row.admission),
        contact=Contact.OFFLINE,
        connected=False,
        address=row.address,
        agent_version=row.agent_version,
        fingerprint=fingerprint_words(row.public_key) if row.public_key else "",
        tags=row.tags,
        possible_duplicate_of=row.possible_duplicate_of,
        quarantine_reason=row.quarantine_reason,
        facts=msgspec.convert(row.facts, Facts) if row.facts else None,
        metrics=msgspec.convert(row.metrics, Metrics) if row.metrics else None,
        version=row.version,
        protocol=Protocol(row.protocol),
        replaces_id=row.replaces_id,
        serial=row.serial,
        came_by=row.came_by,
    )
