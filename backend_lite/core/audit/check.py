"""Whether the audit is as it was written: every event, every sealed segment, and the newest end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend_lite.contract.audit import AuditVerdict
from backend_lite.core.audit.chain import BEGINNING, HASHED, first_broken
from backend_lite.core.db.tables import AuditHeadRow, AuditRow, AuditSegmentRow

_AT_ONCE = 5_000
_COLUMNS = [getattr(AuditRow, name) for name in (*HASHED, "previous", "hash")]


def verify(session: Session) -> AuditVerdict:
    """Read all of it, in pieces. A changed, missing, added or moved event is found at its place."""
    segments = session.scalars(select(AuditSegmentRow).order_by(AuditSegmentRow.id)).all()
    previous, expected = BEGINNING, 1
    for segment in segments:
        if segment.first_id != expected:
            return AuditVerdict(
                0, len(segments), segment.first_id, "A sealed segment is missing before this one."
            )
        previous, expected = segment.last_hash, segment.last_id + 1
    count = 0
    for event in _events(session):
        if event["id"] != expected:
            return AuditVerdict(count, len(segments), expected, "Events are missing here.")
        broken, previous = first_broken(previous, [event])
        if broken is not None:
            return AuditVerdict(count, len(segments), broken, "This event was changed after it was written.")
        count, expected = count + 1, expected + 1
    head = session.get(AuditHeadRow, 1)
    if (head.event_id, head.hash) != (expected - 1, previous) if head else expected > 1:
        return AuditVerdict(count, len(segments), expected, "The newest events are missing.")
    return AuditVerdict(count, len(segments), None, "")


def _events(session: Session) -> Iterator[Mapping[str, Any]]:
    last = 0
    while True:
        query = select(*_COLUMNS).where(AuditRow.id > last).order_by(AuditRow.id).limit(_AT_ONCE)
        rows = session.execute(query).mappings().all()
        if not rows:
            return
        for row in rows:
            yield dict(row)
        last = rows[-1]["id"]
