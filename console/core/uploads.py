"""Files on their way to the service: in pieces, going on where the connection was lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

from backend_lite.contract.uploads import StoredFile, Upload, UploadCreate
from console.core.client import ApiClient
from console.core.errors import ApiError, Mendable, ServiceGone
from console.core.file_hash import sha256_of, unreadable
from console.core.ops import Progress
from console.core.texts import tr
from console.core.transfer import Meter, Stand
from console.core.upload_memory import FileKey, UploadMemory

PIECE = 4 << 20
"""Small enough that a slow line tells how far it is, and that little is sent twice."""
FINISH_S = 1800.0
"""The service may have to read all of a large file again before it keeps it."""
PATIENCE_S = 600.0
"""So long without an answer, and a person has to say that it goes on."""
_DELAYS_S = (0.5, 1.0, 2.0, 5.0, 10.0)

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True)
class Interrupted:
    """How far an upload came that was stopped; it goes on from there."""

    received: int
    size: int


class FileChanged(Mendable):
    """The file is not the one that the upload began with."""


class UploadPlace:
    """Where files of one artifact are brought: `prefix` is its address, such as SOFTWARE_UPLOADS."""

    def __init__(
        self, client: ApiClient, prefix: str, memory: UploadMemory, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._client = client
        self._prefix = prefix
        self._memory = memory
        self._sleep = sleep

    async def bring(self, path: Path, progress: Progress) -> StoredFile:
        """Sends the file and waits until it is verified and kept.

        While the service does not answer it is tried again; a second call with the same file goes on where
        the first one stopped, also after the window was closed. Raises Mendable for a file that cannot be
        read or that changes meanwhile, ApiError, and ServiceGone after a long time without any answer.
        """
        key = await asyncio.to_thread(_key_of, path)
        progress.report(None, tr("Reading {name}", name=path.name))
        sha256 = await self._hash(path, key, progress)
        upload = await self._begun(path, key, sha256)
        upload = await self._send(path, key, upload, progress)
        progress.report(None, tr("The service verifies the file"))
        stored = await self._finish(upload)
        self._memory.forget(self._prefix, key)
        return stored

    async def interrupted(self, path: Path) -> Interrupted | None:
        """How far the upload of this file came that is still to be ended."""
        key = await asyncio.to_thread(_key_of, path)
        upload_id = self._memory.recall(self._prefix, key)
        upload = await self._known(upload_id) if upload_id else None
        return Interrupted(upload.received, upload.size) if upload is not None else None

    async def give_up(self, path: Path) -> None:
        """Forgets what has come of the file."""
        key = await asyncio.to_thread(_key_of, path)
        upload_id = self._memory.recall(self._prefix, key)
        self._memory.forget(self._prefix, key)
        if upload_id and await self._known(upload_id) is not None:
            await self._client.delete(f"{self._prefix}/{upload_id}")

    # ---- inside

    async def _hash(self, path: Path, key: FileKey, progress: Progress) -> str:
        read = 0
        meter = Meter(key.size)

        def report(count: int) -> None:
            nonlocal read
            read += count
            stand = meter.at(read)
            progress.report(None, tr("Computing the checksum: {stand}", stand=stand))

        return await sha256_of(path, report)

    async def _begun(self, path: Path, key: FileKey, sha256: str) -> Upload:
        upload_id = self._memory.recall(self._prefix, key)
        known = await self._patient(lambda: self._known(upload_id)) if upload_id else None
        if known is not None and known.sha256 == sha256 and known.size == key.size:
            return known
        wanted = UploadCreate(path.name, key.size, sha256)
        upload = await self._patient(lambda: self._client.post(self._prefix, wanted, Upload))
        self._memory.remember(self._prefix, key, upload.id)
        return upload

    async def _send(self, path: Path, key: FileKey, upload: Upload, progress: Progress) -> Upload:
        meter = Meter(upload.size)
        _tell(progress, meter.begin(upload.received))
        try:
            file = await asyncio.to_thread(path.open, "rb")
        except OSError as error:
            raise unreadable(path, error) from error
        try:
            while upload.received < upload.size:
                upload = await self._piece(path, file, upload, progress, meter)
                _tell(progress, meter.at(upload.received))
        finally:
            await asyncio.to_thread(file.close)
        if await asyncio.to_thread(_key_of, path) != key:
            raise _changed(path)
        return upload

    async def _piece(
        self, path: Path, file: BinaryIO, upload: Upload, progress: Progress, meter: Meter
    ) -> Upload:
        """One more piece, or where to go on after it did not arrive."""
        try:
            data = await asyncio.to_thread(_read, file, upload.received)
        except OSError as error:
            raise unreadable(path, error) from error
        if not data:
            raise _changed(path)
        one = f"{self._prefix}/{upload.id}"
        try:
            return await self._client.put_bytes(one, data, Upload, {"offset": upload.received})
        except ServiceGone:
            progress.report(
                upload.received / upload.size, tr("The service does not answer; it goes on by itself")
            )
        except ApiError as error:
            if error.code not in ("wrong_offset", "too_slow"):
                raise
        again = await self._patient(lambda: self._client.get(one, Upload))
        meter.begin(again.received)
        return again

    async def _finish(self, upload: Upload) -> StoredFile:
        one = f"{self._prefix}/{upload.id}/finish"
        try:
            return await self._patient(lambda: self._client.post(one, None, StoredFile, timeout_s=FINISH_S))
        except ApiError as error:
            if error.status != 404 or upload.sha256 is None:
                raise
        # Its answer was lost: the file is kept already, under the checksum that it was announced with.
        return StoredFile(upload.sha256, upload.size, upload.file_name)

    async def _known(self, upload_id: str) -> Upload | None:
        try:
            return await self._client.get(f"{self._prefix}/{upload_id}", Upload)
        except ApiError as error:
            if error.status != 404:
                raise
            return None

    async def _patient(self, call: Callable[[], Awaitable[T]]) -> T:
        """The answer, however often the service has to be asked for it."""
        waited, tried = 0.0, 0
        while True:
            try:
                return await call()
            except ServiceGone:
                if waited >= PATIENCE_S:
                    raise
            delay = _DELAYS_S[min(tried, len(_DELAYS_S) - 1)]
            await self._sleep(delay)
            waited, tried = waited + delay, tried + 1


def _key_of(path: Path) -> FileKey:
    try:
        found = path.stat()
    except OSError as error:
        raise unreadable(path, error) from error
    if not path.is_file():
        raise Mendable(tr("{path} is no file: choose the installer itself.", path=path))
    if not found.st_size:
        raise Mendable(tr("{name} is empty: there is nothing to bring.", name=path.name))
    return FileKey(str(path.absolute()), found.st_size, found.st_mtime_ns)


def _read(file: BinaryIO, offset: int) -> bytes:
    file.seek(offset)
    return file.read(PIECE)


def _tell(progress: Progress, stand: Stand) -> None:
    progress.report(stand.share, str(stand))


def _changed(path: Path) -> FileChanged:
    return FileChanged(
        tr("{name} was changed while it was brought. Bring it again when it is whole.", name=path.name)
    )
