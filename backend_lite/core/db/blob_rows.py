"""The rows of kept files."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from backend_lite.core.db.tables import BlobRow
from backend_lite.core.db.unit import Unit

Needed = Callable[[Session, str], bool]
"""Whether an area still refers to a file."""


class BlobUsers:
    """The areas that refer to files."""

    def __init__(self) -> None:
        self._needed: list[Needed] = []

    def add(self, needed: Needed) -> None:
        self._needed.append(needed)

    def need(self, session: Session, sha256: str) -> bool:
        return any(needed(session, sha256) for needed in self._needed)


def keep_blob(unit: Unit, sha256: str, size: int, now: int) -> None:
    """From now on the file is kept; what nobody needs has a while from `now` on."""
    unit.session.merge(BlobRow(sha256=sha256, size=size, created_at=now))


def blob_size(session: Session, sha256: str) -> int | None:
    """None where no such file is kept."""
    row = session.get(BlobRow, sha256)
    return None if row is None else row.size


def blobs_before(session: Session, before: int) -> list[str]:
    """Those that were last asked to stay before then."""
    return list(session.scalars(select(BlobRow.sha256).where(BlobRow.created_at < before)))


def known_blobs(session: Session) -> set[str]:
    return set(session.scalars(select(BlobRow.sha256)))


def remove_blobs(unit: Unit, hashes: Iterable[str]) -> None:
    unit.session.execute(delete(BlobRow).where(BlobRow.sha256.in_(list(hashes))))
