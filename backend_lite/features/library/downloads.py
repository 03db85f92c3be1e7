"""Kept files for the devices that need them: addresses that expire, made for one device."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from agent.wire.messages import Download
from backend_lite.core.blobs import BlobStore
from backend_lite.core.db.blob_rows import blob_size
from backend_lite.core.http.ranges import KeptFile
from backend_lite.core.http.signed_urls import SignedUrls
from backend_lite.errors import ForbiddenError, NotFoundError
from backend_lite.features.library.software_for_run import FileForRun

AGENT_FILES = "/api/v1/agent/files"
TTL_S = 24 * 3600
_DEVICE = "device-"


class Downloads:
    """What a step's offer says about its files."""

    def __init__(self, urls: SignedUrls, blobs: BlobStore) -> None:
        self.urls = urls
        self.blobs = blobs
        self.allowed: Callable[[Session, int], bool] | None = None

    def offer(self, device_id: int, file: FileForRun) -> Download:
        path = self.urls.sign(f"{AGENT_FILES}/{file.sha256}", TTL_S, f"{_DEVICE}{device_id}")
        return Download(path, file.sha256, file.size, file.file_name)

    def file(self, session: Session, sha256: str, device: str) -> KeptFile:
        """A file that something still needs, for a device as `offer` names it. Raises NotFoundError, and
        ForbiddenError for a device that may not have it any more."""
        if self.allowed is not None and not self.allowed(session, int(device.removeprefix(_DEVICE))):
            raise ForbiddenError("This device was removed.")
        size = blob_size(session, sha256)
        if size is None or not self.blobs.users.need(session, sha256):
            raise NotFoundError("This file is not kept any more.")
        return KeptFile(self.blobs.path(sha256), size, sha256, sha256)
