"""The backups in DIR/backups: what there is, whether each is whole, and how many are kept."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from backend_lite.core.backup.make import PART
from backend_lite.core.backup.manifest import DamagedBackupError, Manifest, read_manifest
from backend_lite.core.backup.verify import Progress, verify_backup
from backend_lite.core.security.files import write_private
from backend_lite.errors import NotFoundError

_ID = re.compile(r"\d{8}-\d{6}(-\d{1,3})?")
_VERIFIED = "VERIFIED.json"


class Verified(msgspec.Struct, frozen=True):
    """What the newest look at a backup found: when (ms since 1970), and the sentence where it is damaged."""

    at: int
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ShelvedBackup:
    """`manifest` is None where it cannot be read; `problem` then says why."""

    id: str
    manifest: Manifest | None
    verified_at: int | None
    problem: str

    @property
    def is_good(self) -> bool:
        return self.manifest is not None and self.verified_at is not None and not self.problem


class Shelf:
    """Blocking; call it in a thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def new_id(self, now_ms: int) -> str:
        """A free name made of the time, so that names sort by it."""
        stem = datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y%m%d-%H%M%S")
        names = [stem, *(f"{stem}-{n}" for n in range(2, 1000))]
        return next(name for name in names if not (self.folder / name).exists())

    def path(self, backup_id: str) -> Path:
        """Raises NotFoundError."""
        path = self.folder / backup_id
        if not _ID.fullmatch(backup_id) or not path.is_dir():
            raise NotFoundError("There is no such backup any more.")
        return path

    def all(self) -> list[ShelvedBackup]:
        """Newest first."""
        if not self.folder.is_dir():
            return []
        names = sorted((one.name for one in self.folder.iterdir() if _ID.fullmatch(one.name)), reverse=True)
        return [self._read(name) for name in names]

    def one(self, backup_id: str) -> ShelvedBackup:
        """Raises NotFoundError."""
        return self._read(self.path(backup_id).name)

    def verify(self, backup_id: str, now_ms: int, progress: Progress | None = None) -> ShelvedBackup:
        """Read everything again and note what was found. Raises NotFoundError."""
        path = self.path(backup_id)
        try:
            verify_backup(path, progress)
            found = Verified(now_ms)
        except DamagedBackupError as error:
            found = Verified(now_ms, error.detail)
        self.note(backup_id, found)
        return self._read(backup_id)

    def note(self, backup_id: str, found: Verified) -> None:
        write_private(self.path(backup_id) / _VERIFIED, msgspec.json.encode(found))

    def delete(self, backup_id: str) -> None:
        """At once out of sight, then file by file. Raises NotFoundError, OSError."""
        path = self.path(backup_id)
        gone = path.with_name(f".{backup_id}.deleted{PART}")
        shutil.rmtree(gone, ignore_errors=True)
        path.rename(gone)
        shutil.rmtree(gone)

    def sweep(self) -> None:
        """Remove what a kill left half made or half deleted."""
        if self.folder.is_dir():
            for path in self.folder.glob(f".*{PART}"):
                shutil.rmtree(path, ignore_errors=True)

    def _read(self, backup_id: str) -> ShelvedBackup:
        path = self.folder / backup_id
        verified = None
        with suppress(OSError, msgspec.DecodeError):
            verified = msgspec.json.decode((path / _VERIFIED).read_bytes(), type=Verified)
        try:
            manifest = read_manifest(path)
        except DamagedBackupError as error:
            return ShelvedBackup(backup_id, None, None, error.detail)
        return ShelvedBackup(
            backup_id,
            manifest,
            verified.at if verified else None,
            verified.problem if verified else "",
        )


def expendable(backups: Iterable[ShelvedBackup], daily: int, weekly: int) -> list[str]:
    """Ids that need not be kept: the newest good one of each of the newest `daily` days and `weekly` weeks
    (UTC) that have one stays, and so does the newest good one of all. What is damaged goes once a good one
    is newer."""
    newest_first = sorted(backups, key=lambda one: one.id, reverse=True)
    good = [one for one in newest_first if one.is_good]
    kept = {one.id for one in good[:1]}
    days: dict[str, str] = {}
    weeks: dict[str, str] = {}
    for one in good:
        day = datetime.strptime(one.id[:8], "%Y%m%d").replace(tzinfo=UTC)
        days.setdefault(one.id[:8], one.id)
        weeks.setdefault(day.strftime("%G-%V"), one.id)
    kept |= {*list(days.values())[:daily], *list(weeks.values())[:weekly]}
    return [
        one.id
        for one in newest_first
        if one.id not in kept and (one.is_good or (good and one.id < good[0].id))
    ]
