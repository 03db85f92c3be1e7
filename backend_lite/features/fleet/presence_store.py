"""Presence in the database: what it was when last flushed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from backend_lite.contract.fleet import Contact
from backend_lite.core.db.base import Json
from backend_lite.core.db.unit import Unit
from backend_lite.features.fleet.tables import DeviceRow


@dataclass(frozen=True, slots=True)
class SavedSighting:
    """`last_contact_at` in milliseconds since 1970; `metrics` None leaves those that are there."""

    device_id: int
    contact: Contact
    last_contact_at: int
    metrics: dict[str, Any] | None


def expected_back(session: Session) -> list[tuple[int, int]]:
    """(id, last contact) of the devices that were in contact when presence was last flushed."""
    rows = session.execute(
        select(DeviceRow.id, DeviceRow.last_contact_at).where(
            DeviceRow.contact != Contact.OFFLINE.value,
            DeviceRow.last_contact_at.is_not(None),
            DeviceRow.retired_at.is_(None),
        )
    )
    return [(row.id, row.last_contact_at) for row in rows]


_SAVE = (
    update(DeviceRow.__table__)  # type: ignore[arg-type]
    .where(DeviceRow.id == bindparam("device"))
    .values(
        contact=bindparam("new_contact"),
        last_contact_at=bindparam("heard_at"),
        metrics=func.coalesce(bindparam("new_metrics", type_=Json), DeviceRow.metrics),
    )
)


def save(unit: Unit, sightings: list[SavedSighting]) -> None:
    rows = [
        {
            "device": one.device_id,
            "new_contact": one.contact.value,
            "heard_at": one.last_contact_at,
            "new_metrics": one.metrics,
        }
        for one in sightings
    ]
    if rows:
        unit.session.connection().execute(_SAVE, rows)
