"""Uploads in the database."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from backend_lite.contract.uploads import StoredFile
from backend_lite.core.db.blob_rows import blob_size
from backend_lite.core.db.tables import UploadRow
from backend_lite.core.db.unit import Unit
from backend_lite.errors import NotFoundError


def find_upload(session: Session, purpose: str, upload_id: str) -> UploadRow:
    """One that is under way. Raises NotFoundError."""
    row = session.get(UploadRow, upload_id[:100])
    if row is None or row.purpose != purpose or row.is_finished:
        raise NotFoundError("Upload not found. It may have been finished, or given up after a day's rest.")
    return row


def finished_upload(session: Session, purpose: str, upload_id: str) -> StoredFile | None:
    """The file that it became, as long as that is kept."""
    row = session.get(UploadRow, upload_id[:100])
    if row is None or row.purpose != purpose or not row.is_finished or row.sha256 is None:
        return None
    size = blob_size(session, row.sha256)
    return None if size is None else StoredFile(row.sha256, size, row.file_name)


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
    """Those under way."""
    return set(session.scalars(select(UploadRow.id).where(UploadRow.is_finished.is_(False))))


def finish_upload(unit: Unit, upload_id: str, sha256: str, now: int) -> None:
    unit.session.execute(
        update(UploadRow)
        .where(UploadRow.id == upload_id)
        .values(sha256=sha256, is_finished=True, touched_at=now)
    )


def remove_upload(unit: Unit, upload_id: str) -> None:
    row = unit.session.get(UploadRow, upload_id)
    if row is not None:
        unit.session.delete(row)
