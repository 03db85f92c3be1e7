"""Rows for whatever tables a database has, made from its schema: old versions need no code of theirs."""

import sqlite3
from contextlib import closing
from pathlib import Path

ROWS = 3


def fill(path: Path) -> None:
    """Put ROWS rows into every table that a migration has left empty; row n refers to row n of its
    parents."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA foreign_keys=OFF")
        for table in _tables(connection):
            if not _has_rows(connection, table):
                for n in range(1, ROWS + 1):
                    _insert(connection, table, n)
        broken = connection.execute("PRAGMA foreign_key_check").fetchall()
        assert broken == [], broken


def _tables(connection: sqlite3.Connection) -> list[str]:
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return [name for (name,) in names if not name.startswith("sqlite_") and name != "alembic_version"]


def _has_rows(connection: sqlite3.Connection, table: str) -> bool:
    return connection.execute(f'SELECT 1 FROM "{table}" LIMIT 1').fetchone() is not None  # noqa: S608


def _insert(connection: sqlite3.Connection, table: str, n: int) -> None:
    columns = connection.execute(f'PRAGMA table_info("{table}")').fetchall()
    references = {row[3] for row in connection.execute(f'PRAGMA foreign_key_list("{table}")')}
    values = {
        name: n if name in references else _value(name, kind.upper(), n) for _, name, kind, *_ in columns
    }
    names = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join("?" for _ in values)
    connection.execute(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', list(values.values()))  # noqa: S608


def _value(name: str, kind: str, n: int) -> object:
    if "BLOB" in kind:
        return n.to_bytes(32, "big")
    if "JSON" in kind:
        return "{}"
    if "CHAR" in kind or "TEXT" in kind:
        return f"{name} {n}"
    return n
