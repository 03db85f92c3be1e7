"""The devices of a profile."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend_lite.core.db.query_sql import Column, Condition
from backend_lite.features.fleet.tables import DeviceRow

Which = Callable[[Column, Column], Condition]
"""Which devices are meant, said by the columns of their id and of their profile's id."""


def devices_with_profile(session: Session, profile_id: int) -> list[tuple[int, str]]:
    """(id, hostname) of those that have it, by name."""
    query = select(DeviceRow.id, DeviceRow.hostname).where(
        DeviceRow.profile_id == profile_id, DeviceRow.retired_at.is_(None)
    )
    return [
        (row.id, row.hostname) for row in session.execute(query.order_by(DeviceRow.hostname, DeviceRow.id))
    ]


def condition_of(which: Which) -> Condition:
    return which(DeviceRow.id, DeviceRow.profile_id)
