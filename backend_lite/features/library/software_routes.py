"""Software items at their documented addresses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Request, Response, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from backend_lite.contract.software import (
    SOFTWARE,
    SoftwareCopy,
    SoftwareCreate,
    SoftwareItem,
    SoftwareUpdate,
)
from backend_lite.core.clock import Clock
from backend_lite.core.db.base import MAX_ID
from backend_lite.core.db.database import Database
from backend_lite.core.db.lists import ListRequest
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import USER
from backend_lite.core.versions import etag, version_wanted
from backend_lite.features.library.software import Software
from backend_lite.features.library.software_reading import list_software, live_software, software_of

VIEW, CREATE, EDIT, DELETE = "software:view", "software:create", "software:edit", "software:delete"

_BODY = 4 << 20
"""An item with scripts of the largest size, with every character escaped."""
_ONE = f"{SOFTWARE}/{{software_id:int}}"

AnyRequest = Request[Any, Any, Any]
Limit = Annotated[int | None, QueryParameter(ge=0, le=MAX_ID)]
Offset = Annotated[int, QueryParameter(ge=0, le=MAX_ID)]


def software_routes(software: Software, database: Database, clock: Clock) -> Sequence[Route]:
    return [*_reading(database, clock), *_writing(software)]


def _reading(database: Database, clock: Clock) -> Sequence[Route]:
    @get(SOFTWARE, permission=VIEW, audience=USER)
    async def software_list(
        limit: Limit = None,
        offset: Offset = 0,
        sort: FromQuery[str | None] = None,
        q: FromQuery[str | None] = None,
    ) -> Response[list[SoftwareItem]]:
        """All items, by name. The header X-Total-Count has their number without the cut."""
        request, now = ListRequest(limit, offset, sort, q), clock.now_ms()
        found, count = await database.read(lambda session: list_software(session, request, now))
        return Response(found, headers={"X-Total-Count": str(count)})

    @get(_ONE, permission=VIEW, audience=USER)
    async def software_get(software_id: FromPath[int]) -> Response[SoftwareItem]:
        return _answer(await database.read(lambda session: software_of(live_software(session, software_id))))

    return [software_list, software_get]


def _writing(software: Software) -> Sequence[Route]:
    @post(SOFTWARE, permission=CREATE, audience=USER, request_max_body_size=_BODY)
    async def software_create(data: JSONBody[SoftwareCreate]) -> Response[SoftwareItem]:
        return _answer(await software.create(data), 201)

    @post(f"{_ONE}/duplicate", permission=CREATE, audience=USER)
    async def software_duplicate(
        software_id: FromPath[int], data: JSONBody[SoftwareCopy | None] = None
    ) -> Response[SoftwareItem]:
        """An item like this one, under a name of its own."""
        return _answer(await software.duplicate(software_id, None if data is None else data.name), 201)

    @put(_ONE, permission=EDIT, audience=USER, request_max_body_size=_BODY)
    async def software_update(
        request: AnyRequest, software_id: FromPath[int], data: JSONBody[SoftwareUpdate]
    ) -> Response[SoftwareItem]:
        """Change what the body names."""
        version = version_wanted(request.headers.get("if-match"))
        return _answer(await software.update(software_id, data, version))

    @delete(_ONE, permission=DELETE, audience=USER)
    async def software_delete(request: AnyRequest, software_id: FromPath[int]) -> None:
        """Take the item out of the library; runs that had it keep it."""
        await software.delete(software_id, version_wanted(request.headers.get("if-match")))

    return [software_create, software_duplicate, software_update, software_delete]


def _answer(item: SoftwareItem, status_code: int = 200) -> Response[SoftwareItem]:
    return Response(item, status_code=status_code, headers=etag(item.version))
