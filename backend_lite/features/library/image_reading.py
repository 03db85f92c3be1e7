"""Reading images."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend_lite.contract.common import format_time, optional_time
from backend_lite.contract.image_query import OS_IMAGE_FIELDS
from backend_lite.contract.images import OSImage
from backend_lite.core.db.base import stored
from backend_lite.core.db.lists import ListRequest, cut, select_list, total
from backend_lite.core.db.query_sql import Clause, ages, numbers, parsed, texts, where, whether
from backend_lite.errors import NotFoundError
from backend_lite.features.library.software_reading import systems
from backend_lite.features.library.tables import OSImageRow

_SORTABLE = {
    "name": OSImageRow.name_key,
    "version": OSImageRow.version_text,
    "edition": OSImageRow.edition,
    "os": OSImageRow.os_type,
    "size": OSImageRow.file_size,
    "created_at": OSImageRow.created_at,
    "updated_at": OSImageRow.updated_at,
    "id": OSImageRow.id,
}


def list_images(session: Session, request: ListRequest, now_ms: int) -> tuple[list[OSImage], int]:
    """The images asked for, and how many there are without the cut; `q` is a query of OS_IMAGE_FIELDS."""
    condition = where(parsed(request.q or "", OS_IMAGE_FIELDS), OSImageRow.search, _clauses(now_ms))
    query = select_list(
        select(OSImageRow).where(condition),
        replace(request, q=None),
        sortable=_SORTABLE,
        default_sort="name",
        tie=OSImageRow.id,
        search=OSImageRow.search,
    )
    return [image_of(row) for row in session.scalars(cut(query, request))], total(session, query)


def find_image(session: Session, image_id: int) -> OSImageRow:
    """Raises NotFoundError."""
    row = stored(session, OSImageRow, image_id)
    if row is None:
        raise NotFoundError("OS image not found")
    return row


def images_need(session: Session, sha256: str) -> bool:
    """Whether an image refers to the kept file."""
    uses = select(OSImageRow.id).where(OSImageRow.file_sha256 == sha256)
    return session.scalar(uses.limit(1)) is not None


def image_of(row: OSImageRow) -> OSImage:
    return OSImage(
        id=row.id,
        name=row.name,
        version_text=row.version_text,
        edition=row.edition,
        os_type=row.os_type,
        architecture=row.architecture,
        language=row.language,
        description=row.description,
        storage_ref=row.storage_ref,
        checksum=row.checksum,
        file_name=row.file_name,
        file_size=row.file_size,
        file_sha256=row.file_sha256,
        verified_at=optional_time(row.verified_at),
        created_at=format_time(row.created_at),
        updated_at=format_time(row.updated_at),
        version=row.version,
    )


def _clauses(now_ms: int) -> dict[str, Clause]:
    return {
        "name": texts(OSImageRow.name),
        "version": texts(func.nullif(OSImageRow.version_text, "")),
        "edition": texts(func.nullif(OSImageRow.edition, "")),
        "os": systems(OSImageRow.os_type),
        "architecture": texts(func.nullif(OSImageRow.architecture, "")),
        "language": texts(func.nullif(OSImageRow.language, "")),
        "verified": whether(OSImageRow.verified_at.is_not(None)),
        "size": numbers(OSImageRow.file_size),
        "file": texts(func.nullif(OSImageRow.file_name, "")),
        "changed": ages(OSImageRow.updated_at, now_ms),
        "created": ages(OSImageRow.created_at, now_ms),
        "id": numbers(OSImageRow.id),
    }
