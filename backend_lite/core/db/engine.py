"""SQLite engines: the one that writes, the ones that read, the one that migrates."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool, QueuePool, StaticPool


def writer_engine(path: Path) -> Engine:
    """One connection, WAL, every commit durable (synchronous FULL), transactions begun IMMEDIATE."""
    engine = _engine(f"sqlite:///{path}", poolclass=StaticPool, connect_args={"check_same_thread": False})
    _configure(engine, _writer_pragmas, begin="BEGIN IMMEDIATE")
    return engine


def reader_engine(path: Path, size: int) -> Engine:
    """`size` connections that cannot write."""
    engine = _engine(
        f"sqlite:///file:{path}?mode=ro&uri=true",
        poolclass=QueuePool,
        pool_size=size,
        max_overflow=0,
        connect_args={"check_same_thread": False},
    )
    _configure(engine, _reader_pragmas, begin="BEGIN")
    return engine


def migration_engine(path: Path) -> Engine:
    """Foreign keys are off: recreating a table with them on would delete every child row."""
    engine = _engine(f"sqlite:///{path}", poolclass=NullPool)
    _configure(engine, _migration_pragmas, begin="BEGIN IMMEDIATE")
    return engine


def _engine(url: str, **options: Any) -> Engine:
    # A failed statement is logged, and values may be what a person gave to a run in confidence.
    return create_engine(url, hide_parameters=True, **options)


def _configure(engine: Engine, pragmas: Any, *, begin: str) -> None:
    @event.listens_for(engine, "connect")
    def connect(connection: sqlite3.Connection, _record: object) -> None:
        # SQLAlchemy's begin event, not the driver, decides when a transaction starts.
        connection.isolation_level = None
        # SQLite's own lower() knows ASCII only.
        connection.create_function("casefold", 1, _casefold, deterministic=True)
        pragmas(connection)

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


def _writer_pragmas(connection: sqlite3.Connection) -> None:
    mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    if mode != "wal":
        raise sqlite3.OperationalError(f"the file system of the data folder does not support WAL ({mode})")
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000", "journal_size_limit=67108864"):
        connection.execute(f"PRAGMA {pragma}")


def _reader_pragmas(connection: sqlite3.Connection) -> None:
    for pragma in ("query_only=ON", "busy_timeout=5000", "wal_autocheckpoint=0"):
        connection.execute(f"PRAGMA {pragma}")


def _migration_pragmas(connection: sqlite3.Connection) -> None:
    for pragma in ("foreign_keys=OFF", "busy_timeout=5000"):
        connection.execute(f"PRAGMA {pragma}")


def _casefold(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value
