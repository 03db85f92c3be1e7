"""Bringing a database file to the schema of this version, or refusing it with both versions named."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import Connection, inspect
from sqlalchemy.exc import DatabaseError

from backend_lite.core.db.engine import migration_engine
from backend_lite.errors import StartError

if TYPE_CHECKING:
    from alembic.config import Config

log = structlog.get_logger(__name__)

_MIGRATIONS = Path(__file__).parents[2] / "migrations"


def migrate(path: Path) -> bool:
    """Bring the file at `path` to the newest schema (made when missing); True when something changed.

    One transaction over all steps: a failing migration leaves the file as it was. A file that already
    holds data is copied to `<name>.before-<revision>` first. Raises StartError for a newer schema, and for a
    file that cannot be used.
    """
    engine = migration_engine(path)
    try:
        with engine.connect() as connection, connection.begin():
            return _upgrade(connection, path)
    except DatabaseError as error:
        raise StartError(
            f"The database {path} cannot be used ({error.orig}); nothing was changed. If it is damaged, "
            "put a backup in its place; the doctor command says more."
        ) from error
    finally:
        engine.dispose()


def _upgrade(connection: Connection, path: Path) -> bool:
    current, known = _revision(connection), known_revisions()
    if current == known[0]:
        return False
    _refuse_newer(current, known, path)
    if current is not None:
        _keep_copy(path, current)
    # Imported late: a start that finds the newest schema does without.
    from alembic import command

    command.upgrade(_config(connection), "head")
    _check_foreign_keys(connection)
    log.info("database migrated", before=current, now=known[0])
    return True


def known_revisions() -> list[str]:
    """The schema versions that this version of the program knows, newest first."""
    files = (_MIGRATIONS / "versions").glob("[0-9]*_*.py")
    return sorted((file.name.partition("_")[0] for file in files), reverse=True)


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


def _keep_copy(path: Path, current: str) -> None:
    # VACUUM INTO cannot run inside the migration's transaction, hence a connection of its own; it reads
    # the last committed state, which is just what is wanted.
    target = path.with_name(f"{path.name}.before-{current}")
    target.unlink(missing_ok=True)
    engine = migration_engine(path)
    try:
        raw = engine.raw_connection()
        try:
            raw.cursor().execute("VACUUM INTO ?", (str(target),))
        finally:
            raw.close()
    finally:
        engine.dispose()


def _check_foreign_keys(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise StartError(
            f"The migration would leave {len(broken)} rows without their parents; nothing was changed. "
            "Send the diagnosis bundle (doctor --bundle) to support."
        )
