"""Files on their way in, in pieces: appended in order, verified as a whole, then kept by their SHA-256."""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
from collections.abc import AsyncIterator
from functools import partial

from backend_lite.config import DataFolder
from backend_lite.contract.common import format_time
from backend_lite.contract.uploads import MAX_FILE, StoredFile, Upload, UploadCreate
from backend_lite.core.audit.record import Audit, Entity
from backend_lite.core.blobs import BlobStore, Free, disk_free
from backend_lite.core.clock import Clock
from backend_lite.core.db.database import Database
from backend_lite.core.db.tables import UploadRow
from backend_lite.core.db.unit import Unit
from backend_lite.errors import ConflictError, DiskFullError, InvalidError, ServiceError
from backend_lite.features.library.file_rules import checked_file_name, checked_sha256, size_words
from backend_lite.features.library.upload_files import Incoming
from backend_lite.features.library.upload_rows import (
    find_upload,
    finish_upload,
    finished_upload,
    known_uploads,
    mark_received,
    remove_upload,
    resting_uploads,
    still_to_come,
)
from backend_lite.features.library.upload_stream import gathered

REST_MS = 86_400_000
RESERVE = 256 << 20
"""Bytes that stay free for everything else that the service writes."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT} if hasattr(errno, "EDQUOT") else {errno.ENOSPC})


class Uploads:
    """`purpose` names the artifact that a file is for; no other sees the upload."""

    def __init__(
        self,
        data: DataFolder,
        database: Database,
        clock: Clock,
        blobs: BlobStore,
        free: Free = disk_free,
    ) -> None:
        self._folder = data.uploads
        self._database = database
        self._clock = clock
        self._blobs = blobs
        self._free = free
        self._audit = Audit(clock)
        self._open: dict[str, Incoming] = {}

    async def begin(self, purpose: str, wanted: UploadCreate, user_id: int) -> Upload:
        """Raises InvalidError, and DiskFullError that says how much room is needed."""
        name, size, sha256 = checked_file_name(wanted.file_name), _checked_size(wanted.size), wanted.sha256
        if sha256 is not None:
            sha256 = checked_sha256(sha256)
        await self._refuse_full(size)
        now = self._clock.now_ms()

        def work(unit: Unit) -> Upload:
            row = UploadRow(
                id=secrets.token_hex(16),
                purpose=purpose,
                file_name=name,
                size=size,
                sha256=sha256,
                received=0,
                created_by_id=user_id,
                created_at=now,
                touched_at=now,
            )
            unit.session.add(row)
            return _upload_of(row)

        return await self._database.write(work)

    async def get(self, purpose: str, upload_id: str) -> Upload:
        """Raises NotFoundError."""
        return await self._database.read(lambda session: _upload_of(find_upload(session, purpose, upload_id)))

    async def append(self, purpose: str, upload_id: str, offset: int, pieces: AsyncIterator[bytes]) -> Upload:
        """Write a piece behind what is there. What has come stays, also when the rest of the piece does not.

        Raises NotFoundError, ConflictError (`wrong_offset`), InvalidError (`too_long`), DiskFullError.
        """
        upload = await self.get(purpose, upload_id)
        incoming = self._incoming(upload)
        async with incoming.lock:
            upload = await self.get(purpose, upload_id)
            if offset != upload.received:
                raise ConflictError(
                    f"The upload goes on at byte {upload.received}, not at {offset}.", code="wrong_offset"
                )
            await self._write(incoming, upload, pieces)
        return await self.get(purpose, upload_id)

    async def finish(self, purpose: str, upload_id: str) -> StoredFile:
        """Verify the file and keep it; of one that was finished already, what it became.

        Raises NotFoundError, ConflictError (`upload_incomplete`) where something is still to come, and
        InvalidError (`checksum_differs`), after which nothing of the file is left.
        """
        finished = partial(finished_upload, purpose=purpose, upload_id=upload_id)
        if (before := await self._database.read(finished)) is not None:
            return before
        incoming = self._incoming(await self.get(purpose, upload_id))
        async with incoming.lock:
            if (before := await self._database.read(finished)) is not None:
                return before
            upload = await self.get(purpose, upload_id)
            if upload.received != upload.size:
                raise ConflictError(
                    f"Only {upload.received:,} of {upload.size:,} bytes have come: go on from there.",
                    code="upload_incomplete",
                )
            actual = await asyncio.to_thread(incoming.sha256)
            if upload.sha256 not in (None, actual):
                await self._drop(upload.id)
                raise InvalidError(
                    f"The file differs from its checksum: its SHA-256 is {actual}, and {upload.sha256} was "
                    "expected. Nothing of it was kept. Get the file again where it comes from.",
                    code="checksum_differs",
                )
            stored, now = StoredFile(actual, upload.size, upload.file_name), self._clock.now_ms()

            def done(unit: Unit) -> None:
                finish_upload(unit, upload.id, actual, now)
                entity = Entity("file", actual, upload.file_name)
                self._audit.tell(unit, f"{purpose}.upload", entity, after=stored)

            await self._blobs.take(incoming.path, actual, upload.size, done)
            self._open.pop(upload.id, None)
        return stored

    async def give_up(self, purpose: str, upload_id: str) -> None:
        """Raises NotFoundError."""
        upload = await self.get(purpose, upload_id)
        async with self._incoming(upload).lock:
            await self._drop(upload.id)

    async def sweep(self) -> None:
        """Remove uploads that rest for a day, and files that belong to none."""
        before = self._clock.now_ms() - REST_MS
        for upload_id in await self._database.read(partial(resting_uploads, before=before)):
            await self._drop(upload_id)
        files = await asyncio.to_thread(lambda: [path.name for path in self._folder.iterdir()])
        known = await self._database.read(known_uploads)
        for name in files:
            if name not in known:
                await asyncio.to_thread((self._folder / name).unlink, missing_ok=True)

    async def _write(self, incoming: Incoming, upload: Upload, pieces: AsyncIterator[bytes]) -> None:
        descriptor = await asyncio.to_thread(incoming.open, upload.received)
        try:
            async for data in gathered(pieces):
                _refuse_more(incoming.received + len(data), upload.size)
                await asyncio.to_thread(incoming.write, descriptor, data)
        except OSError as error:
            if error.errno not in _FULL:
                raise
            raise _no_room(upload.size - incoming.received, self._free(self._folder)) from error
        finally:
            await self._secure(incoming, descriptor, upload.id)

    async def _secure(self, incoming: Incoming, descriptor: int, upload_id: str) -> None:
        """Remember what has come, once it is safely on the disk."""
        try:
            await asyncio.to_thread(os.fsync, descriptor)
        finally:
            os.close(descriptor)
        received, now = incoming.received, self._clock.now_ms()
        await self._database.write(lambda unit: mark_received(unit, upload_id, received, now))

    async def _refuse_full(self, size: int) -> None:
        others = await self._database.read(still_to_come)
        free = await asyncio.to_thread(self._free, self._folder)
        if size + others + RESERVE > free:
            raise _no_room(size + others + RESERVE, free)

    async def _drop(self, upload_id: str) -> None:
        await self._database.write(partial(remove_upload, upload_id=upload_id))
        self._open.pop(upload_id, None)
        await asyncio.to_thread((self._folder / upload_id).unlink, missing_ok=True)

    def _incoming(self, upload: Upload) -> Incoming:
        if upload.id not in self._open:
            self._open[upload.id] = Incoming(self._folder / upload.id)
        return self._open[upload.id]


def _checked_size(size: int) -> int:
    if size < 1:
        raise InvalidError("The file is empty: there is nothing to keep.")
    if size > MAX_FILE:
        raise InvalidError(
            f"The file has {size_words(size)}; at most {size_words(MAX_FILE)} are taken.",
            code="too_large",
            status=413,
        )
    return size


def _no_room(needed: int, free: int) -> ServiceError:
    return DiskFullError(
        f"There is no room for the file: with what else is on its way, {size_words(needed)} are needed, and "
        f"{size_words(free)} are free where the service keeps its data. Free {size_words(needed - free)} "
        "there, then go on."
        if needed > free
        else "The disk of the service is full. Free some space where its data folder lies, then go on."
    )


def _refuse_more(received: int, size: int) -> None:
    if received > size:
        raise InvalidError(
            f"The file was announced with {size:,} bytes, and this is more. Begin again with its right size.",
            code="too_long",
        )


def _upload_of(row: UploadRow) -> Upload:
    return Upload(
        id=row.id,
        file_name=row.file_name,
        size=row.size,
        received=row.received,
        sha256=row.sha256,
        expires_at=format_time(row.touched_at + REST_MS),
    )
