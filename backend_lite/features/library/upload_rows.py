"""Uploads in the database."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from backend_lite.core.db.tables import UploadRow
from backend_lite.core.db.unit import Unit
from backend_lite.errors import NotFoundError


def find_upload(session: Session, purpose: str, upload_id: str) -> UploadRow:
    """Raises NotFoundError."""
    row = session.get(UploadRow, upload_id[:100])
    if row is None or row.purpose != purpose:
        raise NotFoundError("Upload not found. It may have been finished, or given up after a day's rest.")
    return row


def still_to_come(session: Session) -> int:
    """Bytes that open uploads have not brought yet."""
    return session.scalar(select(func.sum(UploadRow.size - UploadRow.received))) or 0


def mark_received(unit: Unit, upload_id: str, received: int, now: int) -> None:
    unit.session.execute(
        update(UploadRow).where(UploadRow.id == upload_id).values(received=received, touched_at=now)
    )


def resting_uploads(session: Session, before: int) -> Sequence[str]:
    """Those that nobody has touched since then."""
    return session.scalars(select(UploadRow.id).where(UploadRow.touched_at < before)).all()


def known_uploads(session: Session) -> set[str]:
    return set(session.scalars(select(UploadRow.id)))


def remove_upload(unit: Unit, upload_id: str) -> None:
    row = unit.session.get(UploadRow, upload_id)
    if row is not None:
        unit.session.delete(row)
