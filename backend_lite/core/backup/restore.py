"""Putting a backup in the place of a data folder. What is there now stays, under another name."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from backend_lite.config import DataFolder
from backend_lite.core.backup.manifest import (
    DATABASE,
    DamagedBackupError,
    Manifest,
    hashed,
)
from backend_lite.core.backup.verify import verify_backup
from backend_lite.core.blobs import disk_free
from backend_lite.core.db.migrate import known_revisions, migrate
from backend_lite.core.db.restored import begin_new_life
from backend_lite.core.durable import sync_folder
from backend_lite.core.lock import FolderLock
from backend_lite.core.security.files import make_private_folder, write_private
from backend_lite.errors import StartError

_ROOM_LEFT = 64 << 20


def restore_backup(
    data: DataFolder,
    backup: Path,
    now_ms: int,
    *,
    key_file: Path | None = None,
    prepare: Callable[[DataFolder], None] | None = None,
    free: Callable[[Path], int] = disk_free,
) -> tuple[Manifest, Path | None]:
    """Bring the backup to `data`, migrated and in a new life; the old data folder's new name, if there was
    one. A `key_file` within the data folder comes along. `prepare` gets the new folder before it is in its
    place; where it raises, that stays as it was.

    Raises StartError: a service runs there, the schema is newer, there is no room; DamagedBackupError, which
    names the file. Nothing has changed then.
    """
    data.finish_swap()
    refuse_running(data)
    manifest = verify_backup(backup)
    refuse_newer(manifest)
    _check_room(data.root.parent, manifest, free)
    staged = DataFolder(data.staged)
    shutil.rmtree(staged.root, ignore_errors=True)
    try:
        _copy(backup, staged.root, manifest)
        _bring_along(data, staged, key_file)
        begin_new_life(
            staged.database, manifest.id, manifest.created_at, now_ms, with_output=manifest.with_output
        )
        migrate(staged.database)
        if prepare is not None:
            prepare(staged)
        return manifest, _swap(data, staged, now_ms)
    except sqlite3.Error as error:
        raise DamagedBackupError(f"The database of the backup cannot be used ({error}).") from error
    finally:
        shutil.rmtree(staged.root, ignore_errors=True)


def refuse_running(data: DataFolder) -> None:
    """Raises StartError where a service has the folder."""
    if data.lock_file.exists():
        FolderLock(data.lock_file).release()


def refuse_newer(manifest: Manifest) -> None:
    """Raises StartError for a schema that this version does not know, with both named."""
    known = known_revisions()
    if manifest.schema not in known:
        raise StartError(
            f"The backup was made by a newer DeployFlow ({manifest.version}): its schema is "
            f"{manifest.schema or 'none'}, this version knows {known[0]}. Restore it with that version or a "
            "newer one."
        )


def _copy(backup: Path, target: Path, manifest: Manifest) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    make_private_folder(target)
    folders = {target}
    for file in manifest.files:
        place = target / file.path
        for folder in reversed(place.relative_to(target).parents):
            (target / folder).mkdir(mode=0o700, exist_ok=True)
        shutil.copyfile(backup / file.path, place)
        place.chmod(0o600)
        with place.open("rb+") as kept:
            os.fsync(kept.fileno())
        found = hashed(place)
        if (found.size, found.sha256) != (file.size, file.sha256):
            raise DamagedBackupError(f"The file {backup / file.path} changed while it was copied.")
        folders.add(place.parent)
    for folder in folders:
        sync_folder(folder)


def _bring_along(data: DataFolder, staged: DataFolder, key_file: Path | None) -> None:
    """The key file, and what else people keep beside the database: backups hold neither."""
    beside = [path for path in data.root.glob("*") if path.is_file()] if data.root.is_dir() else []
    if key_file is not None and key_file.is_relative_to(data.root) and key_file.is_file():
        beside.append(key_file)
    for path in beside:
        place = staged.root / path.relative_to(data.root)
        if not path.name.startswith(DATABASE) and not path.is_symlink() and not place.exists():
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(place, path.read_bytes())


def _swap(data: DataFolder, staged: DataFolder, now_ms: int) -> Path | None:
    refuse_running(data)
    before = None
    data.swap_mark.touch(0o600)
    sync_folder(data.root.parent)
    if data.root.exists():
        stamp = datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y%m%d-%H%M%S")
        before = data.root.with_name(f"{data.root.name}.before-{stamp}")
        data.root.rename(before)
    try:
        staged.root.rename(data.root)
    except OSError:
        if before is not None:
            before.rename(data.root)
        raise
    finally:
        data.swap_mark.unlink()
    if before is not None:
        # They go with the service, not with one of its lives.
        with suppress(OSError):
            (before / data.backups.name).rename(data.backups)
    sync_folder(data.root.parent)
    return before


def _check_room(folder: Path, manifest: Manifest, free: Callable[[Path], int]) -> None:
    while not folder.exists():
        folder = folder.parent
    needed, there = manifest.size + _ROOM_LEFT, free(folder)
    if there < needed:
        raise StartError(
            f"There is no room to restore: it needs {needed >> 20} MB, and {folder} has {there >> 20} MB "
            "free. Free some space; nothing was changed."
        )
