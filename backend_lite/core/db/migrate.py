"""Bringing a database file to the schema of this version, or refusing it with both versions named.

A file that holds data is never touched before its migration is done: a verified backup is put beside it, a
copy of that is migrated and verified, and takes its place in one rename. Whenever a kill comes, the file that
is there opens, and the next start begins anew.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import Connection, inspect
from sqlalchemy.exc import DatabaseError

from backend_lite.core.db.copies import (
    DamagedDatabaseError,
    check_database,
    copy_database,
    empty_log,
)
from backend_lite.core.db.engine import migration_engine
from backend_lite.core.durable import sync_folder
from backend_lite.errors import StartError

if TYPE_CHECKING:
    from alembic.config import Config

log = structlog.get_logger(__name__)

_MIGRATIONS = Path(__file__).parents[2] / "migrations"
_ROOM_LEFT = 16 << 20


def migrate(path: Path) -> bool:
    """Bring the file at `path` to the newest schema (made when missing); True when something changed.

    The backup is `<name>.before-<revision>`. Raises StartError for a newer schema, for a file that cannot be
    used, and where there is no room; nothing has changed then.
    """
    known = known_revisions()
    try:
        current = _current(path)
        if current == known[0]:
            return False
        _refuse_newer(current, known, path)
        if current is None:
            _upgrade(path)
        else:
            _upgrade_copy(path, current)
    except (DatabaseError, DamagedDatabaseError, sqlite3.Error) as error:
        reason = error.orig if isinstance(error, DatabaseError) else error
        raise StartError(
            f"The database {path} cannot be used ({reason}); nothing was changed. If it is damaged, "
            "put a backup in its place; the doctor command says more."
        ) from error
    log.info("database migrated", before=current, now=known[0])
    return True


def known_revisions() -> list[str]:
    """The schema versions that this version of the program knows, newest first."""
    files = (_MIGRATIONS / "versions").glob("[0-9]*_*.py")
    return sorted((file.name.partition("_")[0] for file in files), reverse=True)


def _current(path: Path) -> str | None:
    engine = migration_engine(path)
    try:
        with engine.connect() as connection, connection.begin():
            return _revision(connection)
    finally:
        engine.dispose()


def _upgrade_copy(path: Path, current: str) -> None:
    _check_room(path)
    backup = path.with_name(f"{path.name}.before-{current}")
    draft, copy = path.with_name(f"{backup.name}.new"), path.with_name(f"{path.name}.migrating")
    for former in (draft, copy, *(copy.with_name(copy.name + log) for log in ("-wal", "-shm", "-journal"))):
        former.unlink(missing_ok=True)
    try:
        copy_database(path, draft)
        check_database(draft)
        draft.replace(backup)
        shutil.copyfile(backup, copy)
        copy.chmod(0o600)
        _upgrade(copy)
        check_database(copy)
        empty_log(copy)
        with copy.open("rb+") as file:
            os.fsync(file.fileno())
        # What is left in the old file's log would be taken for the new one's.
        empty_log(path)
        copy.replace(path)
    finally:
        draft.unlink(missing_ok=True)
        copy.unlink(missing_ok=True)
    sync_folder(path.parent)


def _upgrade(path: Path) -> None:
    """One transaction over all steps."""
    # Imported late: a start that finds the newest schema does without.
    from alembic import command

    engine = migration_engine(path)
    try:
        with engine.connect() as connection, connection.begin():
            command.upgrade(_config(connection), "head")
            _check_foreign_keys(connection)
    finally:
        engine.dispose()


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _refuse_newer(current: str | None, known: list[str], path: Path) -> None:
    if current is not None and current not in known:
        raise StartError(
            f"The database {path} was written by a newer DeployFlow: its schema is {current}, this version "
            f"knows {known[0]}. Install the newer version again, or restore a backup made by this one."
        )


def _check_room(path: Path) -> None:
    """Room for the backup, the copy, and what the migration makes of it."""
    needed, there = 3 * path.stat().st_size + _ROOM_LEFT, shutil.disk_usage(path.parent).free
    if there < needed:
        raise StartError(
            f"There is no room to bring the database {path} to this version: that needs {needed >> 20} MB, "
            f"and {there >> 20} MB are free. Free some space and start again; nothing was changed."
        )


def _check_foreign_keys(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise StartError(
            f"The migration would leave {len(broken)} rows without their parents; nothing was changed. "
            "Send the diagnosis bundle (doctor --bundle) to support."
        )
