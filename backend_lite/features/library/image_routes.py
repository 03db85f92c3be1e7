"""Images of operating systems, and their files for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import HttpMethod, Request, Response, delete, get, post, put, route
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from backend_lite.contract.images import OS_IMAGES, OSImage, OSImageCreate, OSImageUpdate
from backend_lite.core.clock import Clock
from backend_lite.core.db.base import MAX_ID
from backend_lite.core.db.database import Database
from backend_lite.core.db.lists import ListRequest
from backend_lite.core.feature import Route
from backend_lite.core.http.description import BYTES
from backend_lite.core.http.guard import USER
from backend_lite.core.http.ranges import FileAnswer
from backend_lite.core.versions import etag, version_wanted
from backend_lite.features.library.image_reading import find_image, image_of, list_images
from backend_lite.features.library.images import Images

VIEW, CREATE, EDIT, DELETE = "os_images:view", "os_images:create", "os_images:edit", "os_images:delete"

ONE = f"{OS_IMAGES}/{{image_id:int}}"

AnyRequest = Request[Any, Any, Any]
Limit = Annotated[int | None, QueryParameter(ge=0, le=MAX_ID)]
Offset = Annotated[int, QueryParameter(ge=0, le=MAX_ID)]


def image_routes(images: Images, database: Database, clock: Clock) -> Sequence[Route]:
    return [*_reading(images, database, clock), *_writing(images)]


def _reading(images: Images, database: Database, clock: Clock) -> Sequence[Route]:
    @get(OS_IMAGES, permission=VIEW, audience=USER)
    async def images_list(
        limit: Limit = None,
        offset: Offset = 0,
        sort: FromQuery[str | None] = None,
        q: FromQuery[str | None] = None,
    ) -> Response[list[OSImage]]:
        """All images, by name. The header X-Total-Count has their number without the cut."""
        request, now = ListRequest(limit, offset, sort, q), clock.now_ms()
        found, count = await database.read(lambda session: list_images(session, request, now))
        return Response(found, headers={"X-Total-Count": str(count)})

    @get(ONE, permission=VIEW, audience=USER)
    async def image_get(image_id: FromPath[int]) -> Response[OSImage]:
        return _answer(await database.read(lambda session: image_of(find_image(session, image_id))))

    @route(
        f"{ONE}/file",
        http_method=[HttpMethod.GET, HttpMethod.HEAD],
        media_type=BYTES,
        permission=VIEW,
        audience=USER,
    )
    async def image_file(image_id: FromPath[int]) -> Response[None]:
        """The image's file, whole or a range of it."""
        return FileAnswer(await database.read(lambda session: images.file(session, image_id)))

    return [images_list, image_get, image_file]


def _writing(images: Images) -> Sequence[Route]:
    @post(OS_IMAGES, permission=CREATE, audience=USER)
    async def image_create(data: JSONBody[OSImageCreate]) -> Response[OSImage]:
        return _answer(await images.create(data), 201)

    @put(ONE, permission=EDIT, audience=USER)
    async def image_update(
        request: AnyRequest, image_id: FromPath[int], data: JSONBody[OSImageUpdate]
    ) -> Response[OSImage]:
        """Change what the body names."""
        version = version_wanted(request.headers.get("if-match"))
        return _answer(await images.update(image_id, data, version))

    @delete(ONE, permission=DELETE, audience=USER)
    async def image_delete(request: AnyRequest, image_id: FromPath[int]) -> None:
        """Take the image out of the catalogue."""
        await images.delete(image_id, version_wanted(request.headers.get("if-match")))

    return [image_create, image_update, image_delete]


def _answer(image: OSImage, status_code: int = 200) -> Response[OSImage]:
    return Response(image, status_code=status_code, headers=etag(image.version))
