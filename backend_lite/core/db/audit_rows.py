"""The rows of the audit: appended, read in slices, and taken away as sealed segments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from backend_lite.core.db.tables import AuditHeadRow, AuditRow, AuditSegmentRow
from backend_lite.core.db.unit import Unit

EVENT = tuple(column.name for column in AuditRow.__table__.columns)
"""The fields of an event, `previous` and `hash` among them."""
SEGMENT = tuple(column.name for column in AuditSegmentRow.__table__.columns)
_HEAD = select(AuditHeadRow.event_id, AuditHeadRow.hash).where(AuditHeadRow.id == 1)
_MOVE = (
    update(AuditHeadRow)
    .where(AuditHeadRow.id == 1)
    .values(event_id=bindparam("new_id"), hash=bindparam("new_hash"))
)
# Of the table, with values as parameters: it is compiled once.
_INSERT = insert(AuditRow.__table__)  # type: ignore[arg-type]
_EVENTS = select(*(getattr(AuditRow, name) for name in EVENT)).order_by(AuditRow.id)
_SEGMENTS = select(*(getattr(AuditSegmentRow, name) for name in SEGMENT)).order_by(AuditSegmentRow.id)


def newest_event(connection: Connection) -> tuple[int, str] | None:
    """Its id and hash; None while there was none."""
    head = connection.execute(_HEAD).first()
    return None if head is None else (head.event_id, head.hash)


def append_event(connection: Connection, event: Mapping[str, Any]) -> None:
    """`event` has all of `EVENT`; the newest one is this from now on."""
    connection.execute(_INSERT, dict(event))
    if event["id"] == 1:
        connection.execute(insert(AuditHeadRow).values(id=1, event_id=1, hash=event["hash"]))
    else:
        connection.execute(_MOVE, {"new_id": event["id"], "new_hash": event["hash"]})


def events_after(
    session: Session, last_id: int, most: int, before: int | None = None
) -> list[dict[str, Any]]:
    """In the order of their ids; with `before`, up to the first that is not older than that time."""
    query = _EVENTS.where(AuditRow.id > last_id).limit(most)
    rows = [dict(row) for row in session.execute(query).mappings()]
    if before is not None:
        young = next((n for n, row in enumerate(rows) if row["at"] >= before), len(rows))
        return rows[:young]
    return rows


def segments(session: Session) -> list[dict[str, Any]]:
    """The oldest first."""
    return [dict(row) for row in session.execute(_SEGMENTS).mappings()]


def replace_by_segment(unit: Unit, segment: Mapping[str, Any]) -> None:
    """Take the segment's events away; from now on it stands for them."""
    between = AuditRow.id.between(segment["first_id"], segment["last_id"])
    unit.connection.execute(delete(AuditRow).where(between))
    unit.connection.execute(insert(AuditSegmentRow).values(**segment))
