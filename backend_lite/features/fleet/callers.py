"""Devices whose agents speak the documented HTTP calls: no key, no channel, told apart by their secret."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from sqlalchemy.orm import Session

from backend_lite.contract.fleet import Admission, Protocol
from backend_lite.contract.live import DEVICE
from backend_lite.core.clock import Clock
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import Changed
from backend_lite.errors import NotFoundError
from backend_lite.features.fleet.devices import Devices, Ticket, twin_of
from backend_lite.features.fleet.labels import LABEL_SIZES, clean
from backend_lite.features.fleet.presence import Presence
from backend_lite.features.fleet.tables import DeviceRow
from backend_lite.features.fleet.views import DETAILS, change_of

Labels = Mapping[str, str | None]
"""Of `hostname`, `os_type`, `os_version`, `os_description` and `hardware_summary`, those that were said."""


class Callers:
    """Its methods but `heard` run inside the caller's session or unit."""

    def __init__(self, clock: Clock, presence: Presence, devices: Devices) -> None:
        self._clock = clock
        self._presence = presence
        self._devices = devices

    def enlist(self, unit: Unit, labels: Labels, admission: Admission, address: str, ticket: Ticket) -> int:
        """Add a device and answer its id. It takes over no other, whatever it is called."""
        kept = _kept(labels)
        everything = dict.fromkeys(("serial", "machine_id")) | kept
        row = DeviceRow(
            uid=str(uuid.uuid4()),
            public_key=None,
            protocol=Protocol.HTTP.value,
            **kept,
            address=address,
            tags=[],
            search="",
            admission=admission,
            possible_duplicate_of=twin_of(unit.session, everything),
            created_at=self._clock.now_ms(),
            version=1,
            edited_at_version={},
        )
        self._devices.arrive(unit, row, ticket)
        return row.id

    def describe(self, unit: Unit, device_id: int, labels: Labels, address: str) -> None:
        """Take over what the device says of itself. Raises NotFoundError for an unknown or retired one."""
        row = unit.session.get(DeviceRow, device_id)
        if row is None or row.retired_at is not None:
            raise NotFoundError("Device not found")
        if row.change(_kept(labels) | {"address": address}):
            unit.session.flush()
            unit.publish(Changed(DEVICE, device_id, change_of(row), DETAILS))

    def admission(self, session: Session, device_id: int) -> Admission:
        """Raises NotFoundError."""
        row = session.get(DeviceRow, device_id)
        if row is None:
            raise NotFoundError("Device not found")
        return Admission(row.admission)

    def heard(self, device_id: int) -> None:
        """The device has called just now."""
        self._presence.called(device_id)


def _kept(labels: Labels) -> dict[str, str | None]:
    """Cut and cleaned: what a device says is only shown, never believed."""
    kept = {name: clean(text, LABEL_SIZES[name]) or None for name, text in labels.items() if text is not None}
    if "hostname" in labels:
        kept["hostname"] = kept.get("hostname") or "unnamed"
    if os_type := kept.get("os_type"):
        kept["os_type"] = os_type.lower()
    return kept
