"""Whether a backup is whole: every file with its hash, and the database by SQLite's own checks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from backend_lite.core.backup.manifest import (
    DATABASE,
    DamagedBackupError,
    Manifest,
    hashed,
    read_manifest,
)
from backend_lite.core.db.copies import DamagedDatabaseError, blobs_of, check_database, schema_of

Progress = Callable[[int, int], None]
"""Told bytes that are done, and of how many."""


def verify_backup(folder: Path, progress: Progress | None = None) -> Manifest:
    """Raises DamagedBackupError with the sentence that names the file."""
    manifest = read_manifest(folder)
    done = 0
    for file in manifest.files:
        path = folder / file.path
        try:
            found = hashed(path)
        except OSError as error:
            raise DamagedBackupError(
                f"The backup is damaged: its file {path} cannot be read ({error.strerror})."
            ) from error
        if (found.size, found.sha256) != (file.size, file.sha256):
            raise DamagedBackupError(f"The backup is damaged: its file {path} is not as it was written.")
        done += file.size
        if progress is not None:
            progress(done, manifest.size)
    _check_content(folder, manifest)
    return manifest


def _check_content(folder: Path, manifest: Manifest) -> None:
    paths = {file.path for file in manifest.files}
    database = folder / DATABASE
    if DATABASE not in paths:
        raise DamagedBackupError(f"The backup {folder} holds no database.")
    try:
        check_database(database)
        schema, blobs = schema_of(database), blobs_of(database)
    except DamagedDatabaseError as error:
        raise DamagedBackupError(f"The backup is damaged: its database {database} is ({error}).") from error
    if schema != manifest.schema:
        raise DamagedBackupError(f"The backup {folder} holds a database of another schema than it says.")
    missing = [sha256 for sha256 in blobs if f"blobs/{sha256[:2]}/{sha256}" not in paths]
    if missing:
        raise DamagedBackupError(
            f"The backup {folder} lacks {len(missing)} files that its database refers to, the first is "
            f"{missing[0]}."
        )
