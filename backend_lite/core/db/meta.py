"""Reading and writing the `meta` table."""

from __future__ import annotations

from sqlalchemy.orm import Session

from backend_lite.core.db.tables import Meta
from backend_lite.core.ids import new_epoch


def get_meta(session: Session, key: str) -> str | None:
    row = session.get(Meta, key)
    return row.value if row else None


def set_meta(session: Session, key: str, value: str) -> None:
    session.merge(Meta(key=key, value=value))


def service_epoch(session: Session) -> str:
    """The name of this life of the database; made on first use, renewed by a restore."""
    epoch = get_meta(session, "service_epoch")
    if epoch is None:
        epoch = new_epoch()
        set_meta(session, "service_epoch", epoch)
    return epoch


def next_start(session: Session) -> int:
    """How many times the service has started, this time included."""
    start = int(get_meta(session, "starts") or 0) + 1
    set_meta(session, "starts", str(start))
    return start
