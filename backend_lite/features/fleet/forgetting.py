"""Devices that were removed: listed, and forgotten for good, a small part in each write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from agent.wire.fingerprint import fingerprint_words
from backend_lite.contract.common import format_time, optional_time
from backend_lite.contract.fleet import RetiredDevice
from backend_lite.core.audit.record import Audit
from backend_lite.core.clock import Clock
from backend_lite.core.db.base import stored
from backend_lite.core.db.lists import ListRequest, cut, select_list, total
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.outbox import Outbox
from backend_lite.errors import ConflictError, NotFoundError
from backend_lite.features.fleet import metric_history
from backend_lite.features.fleet.auditing import entity_of
from backend_lite.features.fleet.querying import DeviceQueries
from backend_lite.features.fleet.tables import (
    DeviceRow,
    DeviceSoftwareRow,
    ExpectedDeviceRow,
    GroupMemberRow,
    IncarnationRow,
)

DEVICE_FORGOTTEN = "device_forgotten"
"""Outbox topic, payload `{"device_id": int}`: owed until nothing is left of the device."""

Forgetter = Callable[[Unit, int], bool]
"""Removes a small part of what an area keeps of a device; True when nothing is left."""

_SORTABLE = {
    "id": DeviceRow.id,
    "hostname": DeviceRow.hostname,
    "os_type": DeviceRow.os_type,
    "serial": DeviceRow.serial,
    "address": DeviceRow.address,
    "created_at": DeviceRow.created_at,
    "last_check_in": DeviceRow.last_contact_at,
    "retired_at": DeviceRow.retired_at,
}


class Forgetting:
    """Its methods run inside the caller's session or unit. Higher areas add to `forgetters`."""

    def __init__(self, clock: Clock, outbox: Outbox, queries: DeviceQueries) -> None:
        self._clock = clock
        self._outbox = outbox
        self._audit = Audit(clock)
        self._queries = queries
        self.forgetters: list[Forgetter] = []

    def page(self, session: Session, request: ListRequest) -> tuple[list[RetiredDevice], int]:
        """The retired devices asked for, and how many there are without the cut; `q` is a query of
        DEVICE_FIELDS. Raises InvalidError."""
        query = select_list(
            select(DeviceRow).where(
                DeviceRow.retired_at.is_not(None),
                DeviceRow.forgotten_at.is_(None),
                self._queries.condition(request.q or ""),
            ),
            replace(request, q=None),
            sortable=_SORTABLE,
            default_sort="-retired_at",
            tie=DeviceRow.id,
            search=DeviceRow.search,
        )
        rows = session.scalars(cut(query, request)).all()
        successors = _successors(session, [row.id for row in rows])
        return [_view(row, successors.get(row.id)) for row in rows], total(session, query)

    def forget(self, unit: Unit, device_id: int) -> None:
        """From now on it is as good as gone; what is kept of it goes piece by piece.

        Raises NotFoundError, and ConflictError for a device that is not retired.
        """
        row = stored(unit.session, DeviceRow, device_id)
        if row is None or row.forgotten_at is not None:
            raise NotFoundError("Device not found")
        if row.retired_at is None:
            raise ConflictError(
                f"{row.hostname} is still in use. Remove the device first; then it can be forgotten.",
                code="not_retired",
            )
        row.forgotten_at = self._clock.now_ms()
        self._outbox.add(unit, DEVICE_FORGOTTEN, {"device_id": device_id})
        self._audit.tell(unit, "devices.forget", entity_of(row))

    def step(self, unit: Unit, payload: dict[str, Any]) -> None:
        """Outbox reaction: remove a part, and owe the rest."""
        device_id = payload["device_id"]
        if all(forgetter(unit, device_id) for forgetter in self.forgetters):
            metric_history.forget(unit, device_id, self._clock.now_ms())
            _remove(unit.session, device_id)
        else:
            self._outbox.add(unit, DEVICE_FORGOTTEN, payload)


def _remove(session: Session, device_id: int) -> None:
    for table in (IncarnationRow, GroupMemberRow, DeviceSoftwareRow):
        session.execute(delete(table).where(table.device_id == device_id))
    expected = update(ExpectedDeviceRow).where(ExpectedDeviceRow.device_id == device_id)
    session.execute(expected.values(device_id=None))
    before = session.scalar(select(DeviceRow.replaces_id).where(DeviceRow.id == device_id))
    session.execute(update(DeviceRow).where(DeviceRow.replaces_id == device_id).values(replaces_id=before))
    alike = update(DeviceRow).where(DeviceRow.possible_duplicate_of == device_id)
    session.execute(alike.values(possible_duplicate_of=None))
    session.execute(delete(DeviceRow).where(DeviceRow.id == device_id))


def _successors(session: Session, device_ids: list[int]) -> dict[int, int]:
    query = select(DeviceRow.replaces_id, DeviceRow.id).where(DeviceRow.replaces_id.in_(device_ids))
    return {former: device_id for former, device_id in session.execute(query) if former is not None}


def _view(row: DeviceRow, replaced_by: int | None) -> RetiredDevice:
    return RetiredDevice(
        id=row.id,
        uid=row.uid,
        hostname=row.hostname,
        os_type=row.os_type,
        os_description=row.os_description,
        hardware_summary=row.hardware_summary,
        serial=row.serial,
        address=row.address,
        fingerprint=fingerprint_words(row.public_key) if row.public_key else "",
        tags=row.tags,
        created_at=format_time(row.created_at),
        last_check_in=optional_time(row.last_contact_at),
        retired_at=format_time(row.retired_at or 0),
        replaced_by=replaced_by,
    )
