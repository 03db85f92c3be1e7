"""The listener for boot firmware, and addresses on it, for people."""

from __future__ import annotations

from collections.abc import Sequence

from litestar import get, post, put
from litestar.params import FromPath, JSONBody

from backend_lite.contract.common import format_time
from backend_lite.contract.images import (
    BOOT_ENDPOINT,
    OS_IMAGES,
    BootEndpoint,
    BootEndpointUpdate,
    BootUrl,
    BootUrlCreate,
)
from backend_lite.core.clock import Clock
from backend_lite.core.db.database import Database
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import USER
from backend_lite.errors import ConflictError, InvalidError
from backend_lite.features.library.boot import Boot
from backend_lite.features.library.boot_urls import BootUrls
from backend_lite.features.library.images import Images

VIEW, EDIT, RUN = "settings:view", "settings:edit", "os_images:run"
SHORTEST_S, LONGEST_S = 60, 7 * 86_400


def boot_routes(
    boot: Boot, urls: BootUrls, images: Images, database: Database, clock: Clock
) -> Sequence[Route]:
    @get(BOOT_ENDPOINT, permission=VIEW, audience=USER)
    async def boot_get() -> BootEndpoint:
        """Whether and where boot firmware gets its files."""
        return await boot.view()

    @put(BOOT_ENDPOINT, permission=EDIT, audience=USER, step_up=True)
    async def boot_change(data: JSONBody[BootEndpointUpdate]) -> BootEndpoint:
        """Switch it on or off, or move it; addresses that were handed out lead to where it was."""
        return await boot.change(data)

    @post(f"{OS_IMAGES}/{{image_id:int}}/boot-url", permission=RUN, audience=USER)
    async def boot_url(image_id: FromPath[int], data: JSONBody[BootUrlCreate | None] = None) -> BootUrl:
        """An address of the image's file for boot tools, good for a while; nothing else opens it."""
        ttl_s = (data or BootUrlCreate()).ttl_s
        if not SHORTEST_S <= ttl_s <= LONGEST_S:
            raise InvalidError(f"ttl_s is a number of seconds from {SHORTEST_S} to {LONGEST_S} (a week).")
        file = await database.read(lambda session: images.file(session, image_id))
        endpoint = await boot.view()
        if not endpoint.url:
            raise ConflictError(
                endpoint.problem or "The listener for boot firmware is off: switch it on, then ask again.",
                code="boot_off",
            )
        expires = clock.now_ms() // 1000 + ttl_s
        return BootUrl(endpoint.url + urls.path(image_id, file, expires), format_time(expires * 1000))

    return [boot_get, boot_change, boot_url]
