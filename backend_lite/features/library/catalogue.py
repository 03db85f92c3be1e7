"""The library's other half, wired: software items, images of operating systems, and the files of both."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import msgspec
import structlog

from backend_lite.contract.images import OS_IMAGE_UPLOADS
from backend_lite.contract.live import BOOT_ENDPOINT, OS_IMAGE, SOFTWARE
from backend_lite.contract.software import SOFTWARE_UPLOADS
from backend_lite.core.blobs import BlobStore
from backend_lite.core.db.lists import ListRequest
from backend_lite.core.feature import Kernel, Route
from backend_lite.core.http.signed_urls import SignedUrls
from backend_lite.core.live import LiveKind
from backend_lite.core.security.signing import download_key
from backend_lite.features.library.boot import Boot
from backend_lite.features.library.boot_app import BootApp
from backend_lite.features.library.boot_routes import VIEW as VIEW_BOOT
from backend_lite.features.library.boot_routes import boot_routes
from backend_lite.features.library.boot_urls import BootUrls
from backend_lite.features.library.download_routes import download_routes
from backend_lite.features.library.downloads import Downloads
from backend_lite.features.library.image_reading import images_need, list_images
from backend_lite.features.library.image_routes import CREATE as CREATE_IMAGES
from backend_lite.features.library.image_routes import VIEW as VIEW_IMAGES
from backend_lite.features.library.image_routes import image_routes
from backend_lite.features.library.images import Images
from backend_lite.features.library.software import Software
from backend_lite.features.library.software_reading import list_software, software_needs
from backend_lite.features.library.software_routes import CREATE as CREATE_SOFTWARE
from backend_lite.features.library.software_routes import VIEW as VIEW_SOFTWARE
from backend_lite.features.library.software_routes import software_routes
from backend_lite.features.library.upload_routes import upload_routes
from backend_lite.features.library.uploads import Uploads

log = structlog.get_logger(__name__)

_SWEEP_S = 3600.0


class Catalogue:
    """One for the service; it is the part of the manifest that has to do with files."""

    def __init__(self, kernel: Kernel) -> None:
        data, database, clock = kernel.config.data, kernel.database, kernel.clock
        self._database = database
        self._clock = clock
        self._blobs = BlobStore(data, database, clock)
        self._blobs.users.add(software_needs)
        self._blobs.users.add(images_need)
        self._uploads = Uploads(data, database, clock, self._blobs)
        self._software = Software(database, clock, self._blobs, kernel.references)
        self._images = Images(database, clock, self._blobs, kernel.references)
        key = download_key(data.keys)
        self.downloads = Downloads(SignedUrls(key, clock), self._blobs)
        self._boot_urls = BootUrls(key, clock, self._images)
        self._boot = Boot(database, kernel.bus, BootApp(database, self._boot_urls), kernel.audit)
        self._sweeping: asyncio.Task[None] | None = None

    def routes(self) -> Sequence[Route]:
        return [
            *software_routes(self._software, self._database, self._clock),
            *image_routes(self._images, self._database, self._clock),
            *upload_routes(self._uploads, SOFTWARE_UPLOADS, CREATE_SOFTWARE, "software"),
            *upload_routes(self._uploads, OS_IMAGE_UPLOADS, CREATE_IMAGES, "os_images"),
            *download_routes(self.downloads, self._database),
            *boot_routes(self._boot, self._boot_urls, self._images, self._database, self._clock),
        ]

    def live(self) -> Mapping[str, LiveKind]:
        return {
            SOFTWARE: LiveKind(VIEW_SOFTWARE, self._all_software),
            OS_IMAGE: LiveKind(VIEW_IMAGES, self._all_images),
            BOOT_ENDPOINT: LiveKind(VIEW_BOOT, self._boot_endpoint),
        }

    async def start(self) -> None:
        await self._boot.start()
        self._sweeping = asyncio.create_task(self._sweep(), name="library sweep")

    async def stop(self) -> None:
        await self._boot.stop()
        if self._sweeping is not None:
            self._sweeping.cancel()
            await asyncio.gather(self._sweeping, return_exceptions=True)

    async def _sweep(self) -> None:
        while True:
            try:
                await self._uploads.sweep()
                await self._blobs.sweep()
            except Exception:
                # Full disk, say: the next turn tries again.
                log.exception("files could not be cleared up")
            await asyncio.sleep(_SWEEP_S)

    async def _boot_endpoint(self) -> list[msgspec.Struct]:
        return [await self._boot.view()]

    async def _all_software(self) -> list[msgspec.Struct]:
        now = self._clock.now_ms()
        found, _total = await self._database.read(lambda session: list_software(session, ListRequest(), now))
        return list(found)

    async def _all_images(self) -> list[msgspec.Struct]:
        now = self._clock.now_ms()
        found, _total = await self._database.read(lambda session: list_images(session, ListRequest(), now))
        return list(found)
