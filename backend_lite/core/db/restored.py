"""What a database knows of its restore: noted before it goes to its place, acted upon when it is opened."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
from sqlalchemy import delete

from backend_lite.core.db.meta import get_meta
from backend_lite.core.db.tables import Meta, UploadRow
from backend_lite.core.db.unit import Unit
from backend_lite.core.ids import new_epoch

_KEY = "restored"
_NEVER_GIVEN = 1_000_000
"""More numbers than a service gives away between a backup and its loss: whoever still holds one of those
must not find something else under it."""


class Restored(msgspec.Struct, frozen=True):
    """`epoch` is the life of the database that the backup was taken of; times are ms since 1970."""

    backup: str
    backed_up_at: int
    restored_at: int
    epoch: str
    with_output: bool


AfterRestore = Callable[[Unit, Restored], None]
"""What an area has to make true once, in the same transaction as all the others."""


def begin_new_life(database: Path, backup: str, backed_up_at: int, now: int, *, with_output: bool) -> None:
    """Give the database another epoch and note that its areas have to take notice. Raises sqlite3.Error."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("BEGIN IMMEDIATE")
        row = connection.execute("SELECT value FROM meta WHERE key = 'service_epoch'").fetchone()
        restored = Restored(backup, backed_up_at, now, row[0] if row else "", with_output)
        for key, value in (
            ("service_epoch", new_epoch()),
            (_KEY, msgspec.json.encode(restored).decode()),
        ):
            connection.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, value))
        _skip_numbers(connection)
        connection.execute("COMMIT")


def take_restored(unit: Unit) -> Restored | None:
    """What is to be taken notice of, once."""
    noted = get_meta(unit.session, _KEY)
    if noted is None:
        return None
    unit.session.execute(delete(Meta).where(Meta.key == _KEY))
    # What had arrived of them is in no backup.
    unit.session.execute(delete(UploadRow))
    return msgspec.json.decode(noted, type=Restored)


def _skip_numbers(connection: sqlite3.Connection) -> None:
    tables = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'"
    ).fetchall()
    known = {name for (name,) in connection.execute("SELECT name FROM sqlite_sequence")}
    connection.execute("UPDATE sqlite_sequence SET seq = seq + ?", (_NEVER_GIVEN,))
    connection.executemany(
        "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)",
        [(name, _NEVER_GIVEN) for (name,) in tables if name not in known],
    )
