"""Making a backup beside a running service: whole under its final name, or not there at all."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from backend_lite import __version__
from backend_lite.config import DataFolder
from backend_lite.core.backup.manifest import (
    DATABASE,
    BackupFile,
    Manifest,
    hashed,
    write_manifest,
)
from backend_lite.core.backup.verify import Progress, verify_backup
from backend_lite.core.blobs import disk_free
from backend_lite.core.db.copies import DamagedDatabaseError, copy_database, epoch_of, schema_of
from backend_lite.core.durable import sync_folder
from backend_lite.core.security.files import make_private_folder
from backend_lite.errors import DiskFullError, InvalidError

PART = ".part"
"""Ending of what is being made: never a backup, whatever is in it."""
ROOM_LEFT = 64 << 20
"""A backup that would leave less than this is not begun."""


@dataclass(frozen=True)
class Wanted:
    """`id` names the backup, `created_at` is in milliseconds since 1970."""

    id: str
    created_at: int
    reason: str
    with_output: bool = True


@dataclass(frozen=True)
class _Source:
    """A file of the data folder, and whether a link to it is as good as a copy: it never changes."""

    path: Path
    name: str
    linkable: bool = False


def make_backup(
    data: DataFolder,
    target: Path,
    wanted: Wanted,
    *,
    key_file: Path | None = None,
    free: Callable[[Path], int] = disk_free,
    progress: Progress | None = None,
) -> Manifest:
    """Write and verify the backup at `target`, which must not be there yet. The master key's `key_file` is
    left out, wherever it lies.

    Raises DiskFullError before anything is written, InvalidError, DamagedBackupError, OSError; nothing is
    left behind then.
    """
    if target.exists():
        raise InvalidError(f"{target} is there already. Name a folder that does not exist yet.")
    part = target.with_name(f".{target.name}{PART}")
    try:
        part.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _check_room(data, part.parent, wanted, free)
        shutil.rmtree(part, ignore_errors=True)
        make_private_folder(part)
        _write(data, part, wanted, key_file)
        manifest = verify_backup(part, progress)
        part.rename(target)
    except OSError as error:
        raise _unwritten(target, error) from error
    except (sqlite3.Error, DamagedDatabaseError) as error:
        raise InvalidError(f"The database {data.database} cannot be copied ({error}).") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    sync_folder(target.parent)
    return manifest


def size_of(data: DataFolder, *, with_output: bool, linked: bool) -> int:
    """About the room that a backup takes, in bytes; `linked` leaves out what is only linked."""
    logs = (data.database, data.database.with_name(f"{data.database.name}-wal"))
    sizes = sum(path.stat().st_size for path in logs if path.exists())
    for source in _sources(data, with_output=with_output):
        if not (linked and source.linkable):
            sizes += _size(source.path)
    return sizes


def _write(data: DataFolder, part: Path, wanted: Wanted, key_file: Path | None) -> None:
    """Files that the database refers to are there before it does and go after it does not, so those from
    before and those from after its copy are all that the copy refers to."""
    blobs = _take(part, _blobs(data))
    copy_database(data.database, part / DATABASE)
    files = [hashed(part / DATABASE)]
    blobs |= _take(part, _blobs(data), blobs)
    secret = key_file.absolute() if key_file is not None else None
    others = _sources(data, with_output=wanted.with_output, blobs=False)
    kept = _take(part, (source for source in others if source.path.absolute() != secret))
    files += [*blobs.values(), *kept.values()]
    manifest = Manifest(
        id=wanted.id,
        created_at=wanted.created_at,
        reason=wanted.reason,
        version=__version__,
        schema=schema_of(part / DATABASE),
        service_epoch=epoch_of(part / DATABASE),
        with_output=wanted.with_output,
        files=sorted(files, key=lambda file: file.path),
    )
    write_manifest(part, manifest)
    for folder in {part, *((part / file.path).parent for file in files)}:
        sync_folder(folder)


def _take(part: Path, sources: Iterable[_Source], known: Iterable[str] = ()) -> dict[str, BackupFile]:
    """Link or copy files, by their names; those that are gone meanwhile are left out."""
    taken: dict[str, BackupFile] = {}
    before = set(known)
    for source in sources:
        if source.name in before:
            continue
        target = part / source.name
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            size, sha256 = _link(source, target) or _copied(source.path, target)
        except FileNotFoundError:
            continue
        taken[source.name] = BackupFile(source.name, size, sha256)
    return taken


def _link(source: _Source, target: Path) -> tuple[int, str] | None:
    """A second name of the same bytes, where the file system can; its name is its hash."""
    if not source.linkable:
        return None
    try:
        os.link(source.path, target)
    except FileNotFoundError:
        raise
    except OSError:
        return None
    return target.stat().st_size, source.path.name


def _copied(source: Path, target: Path) -> tuple[int, str]:
    """What is in the file now: one that grows meanwhile is cut where it was when the copying began."""
    with source.open("rb") as given:
        left = os.fstat(given.fileno()).st_size
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as kept:
            while left and (piece := given.read(min(left, 1 << 20))):
                kept.write(piece)
                left -= len(piece)
            kept.flush()
            os.fsync(kept.fileno())
    found = hashed(target)
    return found.size, found.sha256


def _sources(data: DataFolder, *, with_output: bool, blobs: bool = True) -> Iterator[_Source]:
    yield from _below(data.root, data.keys)
    yield from _below(data.root, data.audit)
    if with_output:
        yield from _below(data.root, data.output)
    if blobs:
        yield from _blobs(data)


def _blobs(data: DataFolder) -> Iterator[_Source]:
    for path in sorted(data.blobs.glob("??/*")):
        yield _Source(path, path.relative_to(data.root).as_posix(), linkable=True)


def _below(root: Path, folder: Path) -> Iterator[_Source]:
    for path in sorted(folder.rglob("*")):
        # What is being written beside its final name is nobody's yet.
        if path.is_file() and not path.is_symlink() and not path.name.endswith(".new"):
            yield _Source(path, path.relative_to(root).as_posix())


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _check_room(data: DataFolder, folder: Path, wanted: Wanted, free: Callable[[Path], int]) -> None:
    linked = data.blobs.exists() and data.blobs.stat().st_dev == folder.stat().st_dev
    needed, there = size_of(data, with_output=wanted.with_output, linked=linked) + ROOM_LEFT, free(folder)
    if there < needed:
        raise DiskFullError(
            f"There is no room for a backup: it needs {_words(needed)}, and {folder} has {_words(there)} "
            "free. Free some space, delete old backups, or leave the output out."
        )


def _unwritten(target: Path, error: OSError) -> InvalidError:
    return InvalidError(f"The backup {target} cannot be written ({error.strerror or error}).")


def _words(size: int) -> str:
    return f"{size / (1 << 30):.1f} GB" if size >= 1 << 30 else f"{max(1, size >> 20)} MB"
