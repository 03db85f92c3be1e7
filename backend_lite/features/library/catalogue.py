"""The library's other half, wired: software items, images of operating systems, and the files of both."""

from __future__ import annotations

from backend_lite.core.blobs import BlobStore
from backend_lite.core.feature import Kernel
from backend_lite.core.http.signed_urls import SignedUrls
from backend_lite.core.security.signing import download_key
from backend_lite.features.library.downloads import Downloads


class Catalogue:
    """One for the service; it is the part of the manifest that has to do with files."""

    def __init__(self, kernel: Kernel) -> None:
        data = kernel.config.data
        self._blobs = BlobStore(data, kernel.database, kernel.clock)
        self.downloads = Downloads(SignedUrls(download_key(data.keys), kernel.clock), self._blobs)
