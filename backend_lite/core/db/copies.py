"""Copies of a database file, taken while others write, and whether a copy is whole."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any


class DamagedDatabaseError(Exception):
    """SQLite finds something wrong with the file; the text says what."""


def copy_database(source: Path, target: Path) -> None:
    """The last committed state of `source`, without gaps; `target` must not be there. Durable on return.

    Raises sqlite3.Error.
    """
    with _opened(source) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))
    with target.open("rb+") as file:
        target.chmod(0o600)
        os.fsync(file.fileno())


def check_database(path: Path) -> None:
    """Raises DamagedDatabaseError where SQLite finds anything wrong."""
    try:
        with _opened(path, immutable=True) as connection:
            found = [row[0] for row in connection.execute("PRAGMA integrity_check(5)")]
            broken = connection.execute("PRAGMA foreign_key_check").fetchall()
    except sqlite3.DatabaseError as error:
        raise DamagedDatabaseError(str(error)) from error
    if found != ["ok"]:
        raise DamagedDatabaseError(str(found[0]))
    if broken:
        raise DamagedDatabaseError(f"{len(broken)} rows lack their parents, the first in {broken[0][0]}")


def empty_log(path: Path) -> None:
    """Put everything that is in the log into the file itself, and close it for good. Raises
    DamagedDatabaseError where somebody keeps that from happening."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA busy_timeout=5000")
        connection.execute("PRAGMA journal_mode=DELETE")
    wal = path.with_name(f"{path.name}-wal")
    if wal.exists() and wal.stat().st_size:
        raise DamagedDatabaseError("its log cannot be emptied: another program has it open")


def schema_of(path: Path) -> str:
    """The revision of a database; empty where it has none. Raises DamagedDatabaseError."""
    return _value(path, "SELECT version_num FROM alembic_version")


def epoch_of(path: Path) -> str:
    """The service epoch of a database; empty where it has none. Raises DamagedDatabaseError."""
    return _value(path, "SELECT value FROM meta WHERE key = 'service_epoch'")


def blobs_of(path: Path) -> list[str]:
    """The hashes of the files that the database refers to; none where its schema has no such table."""
    with _opened(path, immutable=True) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'blobs'").fetchone():
            return []
        return [row[0] for row in connection.execute("SELECT sha256 FROM blobs")]


def _value(path: Path, query: str) -> str:
    try:
        with _opened(path, immutable=True) as connection:
            row = connection.execute(query).fetchone()
    except sqlite3.OperationalError:
        return ""
    except sqlite3.DatabaseError as error:
        raise DamagedDatabaseError(str(error)) from error
    return "" if row is None else str(row[0])


@contextmanager
def _opened(path: Path, *, immutable: bool = False) -> Iterator[sqlite3.Connection]:
    """Read only. An `immutable` file is nobody else's: no log is made beside it."""
    uri = f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if immutable else ''}"
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
        # Indexes may be made over it.
        connection.create_function("casefold", 1, _casefold, deterministic=True)
        connection.execute("PRAGMA busy_timeout=5000")
        yield connection


def _casefold(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value
