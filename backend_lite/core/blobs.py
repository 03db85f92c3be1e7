"""Files that the service keeps, each once, under the SHA-256 of its bytes."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import structlog

from backend_lite.config import DataFolder
from backend_lite.core.clock import Clock
from backend_lite.core.db.blob_rows import (
    BlobUsers,
    blob_size,
    blobs_before,
    keep_blob,
    known_blobs,
    remove_blobs,
)
from backend_lite.core.db.database import Database
from backend_lite.core.db.unit import Unit
from backend_lite.core.durable import sync_folder
from backend_lite.errors import InvalidError

log = structlog.get_logger(__name__)

GRACE_MS = 86_400_000
"""What nobody needs stays so long: a person brings a file first and says afterwards what it is for."""

Free = Callable[[Path], int]


def disk_free(folder: Path) -> int:
    """Bytes that can still be written there."""
    return shutil.disk_usage(folder).free


class BlobStore:
    """DIR/blobs/aa/<sha256>. A file is there before its row, and its row is gone before the file."""

    def __init__(self, data: DataFolder, database: Database, clock: Clock) -> None:
        self._folder = data.blobs
        self._database = database
        self._clock = clock
        self.users = BlobUsers()
        # Between taking a row away and deleting its file, the same file must not come in again.
        self._changing = asyncio.Lock()

    def path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256

    def claimed(self, unit: Unit, sha256: str) -> int:
        """The size of a kept file that something is about to refer to. Raises InvalidError."""
        size = blob_size(unit.session, sha256)
        if size is None:
            raise InvalidError(
                f"The service keeps no file with the SHA-256 {sha256[:80]}. Upload it first.", code="no_file"
            )
        keep_blob(unit, sha256, size, self._clock.now_ms())
        return size

    async def take(self, source: Path, sha256: str, size: int, also: Callable[[Unit], None]) -> None:
        """Move a verified file in; `also` belongs to the same transaction."""

        def work(unit: Unit) -> None:
            keep_blob(unit, sha256, size, self._clock.now_ms())
            also(unit)

        async with self._changing:
            await asyncio.to_thread(_place, source, self.path(sha256))
            await self._database.write(work)

    async def sweep(self) -> None:
        """Remove what nobody has needed for a day, and files that a kill left without a row."""
        async with self._changing:
            before = self._clock.now_ms() - GRACE_MS
            await self._delete(await self._database.write(partial(self._forget, before=before)))
            known = await self._database.read(known_blobs)
            await self._delete(name for name in await asyncio.to_thread(self._names) if name not in known)

    def _forget(self, unit: Unit, before: int) -> list[str]:
        session = unit.session
        useless = [sha256 for sha256 in blobs_before(session, before) if not self.users.need(session, sha256)]
        remove_blobs(unit, useless)
        return useless

    async def _delete(self, names: Iterable[str]) -> None:
        for name in names:
            try:
                await asyncio.to_thread(self.path(name).unlink, missing_ok=True)
                log.info("a file that nobody needs was deleted", sha256=name)
            except OSError as error:
                # On Windows somebody may still be reading it: the next turn tries again.
                log.warning("a file could not be deleted", sha256=name, reason=error.strerror)

    def _names(self) -> list[str]:
        return [entry.name for entry in self._folder.glob("??/*")]


def _place(source: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o700, exist_ok=True)
    try:
        source.replace(target)
    except PermissionError:
        # On Windows a file that is being read cannot be replaced: these are the same bytes.
        if not target.exists():
            raise
        source.unlink()
    for folder in (target.parent, target.parent.parent):
        sync_folder(folder)
