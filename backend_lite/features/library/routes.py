"""Scripts at their documented addresses."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Request, Response, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from backend_lite.contract.common import Page
from backend_lite.contract.library import (
    SCRIPTS,
    FavoriteScripts,
    Script,
    ScriptCopy,
    ScriptCreate,
    ScriptRevision,
    ScriptText,
    ScriptUpdate,
)
from backend_lite.contract.runs import Finding
from backend_lite.core.clock import Clock
from backend_lite.core.db.base import MAX_ID
from backend_lite.core.db.database import Database
from backend_lite.core.db.lists import ListRequest
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import USER
from backend_lite.core.versions import etag, version_wanted
from backend_lite.features.access.api import AccessApi
from backend_lite.features.library.favorites import favorite_ids, set_favorite
from backend_lite.features.library.findings import all_findings
from backend_lite.features.library.reading import (
    REVISION_PAGE,
    Asker,
    get_revision,
    get_script,
    list_revisions,
    list_scripts,
)
from backend_lite.features.library.rules import checked_language, checked_size
from backend_lite.features.library.scripts import Scripts

VIEW = "scripts:view"
CREATE = "scripts:create"
EDIT = "scripts:edit"
DELETE = "scripts:delete"

_BODY = 4 << 20
"""A script of the largest size, with every character escaped, and its labels."""

AnyRequest = Request[Any, Any, Any]
Limit = Annotated[int | None, QueryParameter(ge=0, le=MAX_ID)]
Offset = Annotated[int, QueryParameter(ge=0, le=MAX_ID)]
PageSize = Annotated[int, QueryParameter(ge=1, le=200)]


def script_routes(scripts: Scripts, database: Database, access: AccessApi, clock: Clock) -> Sequence[Route]:
    return [
        *_reading(database, access, clock),
        *_revisions(database, access),
        *_favorites(database),
        *_writing(scripts),
    ]


def _reading(database: Database, access: AccessApi, clock: Clock) -> Sequence[Route]:
    @get(SCRIPTS, permission=VIEW, audience=USER)
    async def scripts_list(
        request: AnyRequest,
        limit: Limit = None,
        offset: Offset = 0,
        sort: FromQuery[str | None] = None,
        q: FromQuery[str | None] = None,
    ) -> Response[list[Script]]:
        """All scripts by name, or those that a query of SCRIPT_FIELDS finds."""
        wanted, asker = ListRequest(limit, offset, sort, q), Asker(request.user.user_id, clock.now_ms())
        found, count = await database.read(lambda session: list_scripts(session, access, wanted, asker))
        return Response(found, headers={"X-Total-Count": str(count)})

    @get(f"{SCRIPTS}/{{script_id:int}}", permission=VIEW, audience=USER)
    async def script_get(script_id: FromPath[int]) -> Response[Script]:
        script = await database.read(lambda session: get_script(session, access, script_id))
        return _answer(script)

    @post(f"{SCRIPTS}/findings", status_code=200, permission=VIEW, audience=USER, request_max_body_size=_BODY)
    async def script_findings(data: JSONBody[ScriptText]) -> list[Finding]:
        """What a person should have seen in these texts before they run; nothing is saved."""
        language = checked_language(data.language)
        checked_size(data.content, data.detect, data.undo)
        # A long script takes a while; others are answered meanwhile.
        return await asyncio.to_thread(all_findings, language, data.content, data.detect, data.undo)

    return [scripts_list, script_get, script_findings]


def _revisions(database: Database, access: AccessApi) -> Sequence[Route]:
    @get(f"{SCRIPTS}/{{script_id:int}}/revisions", permission=VIEW, audience=USER)
    async def revisions_list(
        script_id: FromPath[int], limit: PageSize = REVISION_PAGE, cursor: FromQuery[str | None] = None
    ) -> Page[ScriptRevision]:
        """What the script was, newest first."""
        return await database.read(lambda session: list_revisions(session, access, script_id, limit, cursor))

    @get(f"{SCRIPTS}/{{script_id:int}}/revisions/{{number:int}}", permission=VIEW, audience=USER)
    async def revision_get(script_id: FromPath[int], number: FromPath[int]) -> ScriptRevision:
        return await database.read(lambda session: get_revision(session, access, script_id, number))

    return [revisions_list, revision_get]


def _favorites(database: Database) -> Sequence[Route]:
    @get(f"{SCRIPTS}/favorites", permission=VIEW, audience=USER)
    async def favorites_list(request: AnyRequest) -> FavoriteScripts:
        """The caller's own, by name."""
        user_id = request.user.user_id
        return FavoriteScripts(await database.read(lambda session: favorite_ids(session, user_id)))

    @put(f"{SCRIPTS}/{{script_id:int}}/favorite", permission=VIEW, audience=USER)
    async def favorite_add(request: AnyRequest, script_id: FromPath[int]) -> FavoriteScripts:
        user_id = request.user.user_id
        await set_favorite(database, user_id, script_id, True)
        return FavoriteScripts(await database.read(lambda session: favorite_ids(session, user_id)))

    @delete(f"{SCRIPTS}/{{script_id:int}}/favorite", permission=VIEW, audience=USER)
    async def favorite_remove(request: AnyRequest, script_id: FromPath[int]) -> None:
        await set_favorite(database, request.user.user_id, script_id, False)

    return [favorites_list, favorite_add, favorite_remove]


def _writing(scripts: Scripts) -> Sequence[Route]:
    @post(SCRIPTS, permission=CREATE, audience=USER, request_max_body_size=_BODY)
    async def script_create(request: AnyRequest, data: JSONBody[ScriptCreate]) -> Response[Script]:
        return _answer(await scripts.create(data, request.user.user_id), 201)

    @post(f"{SCRIPTS}/{{script_id:int}}/duplicate", permission=CREATE, audience=USER)
    async def script_duplicate(
        request: AnyRequest, script_id: FromPath[int], data: JSONBody[ScriptCopy | None] = None
    ) -> Response[Script]:
        """A script like this one, under a name of its own."""
        name = None if data is None else data.name
        return _answer(await scripts.duplicate(script_id, name, request.user.user_id), 201)

    @put(f"{SCRIPTS}/{{script_id:int}}", permission=EDIT, audience=USER, request_max_body_size=_BODY)
    async def script_update(
        request: AnyRequest, script_id: FromPath[int], data: JSONBody[ScriptUpdate]
    ) -> Response[Script]:
        """Change what the body names; what a revision holds makes a new one."""
        version = version_wanted(request.headers.get("if-match"))
        return _answer(await scripts.update(script_id, data, request.user.user_id, version))

    @delete(f"{SCRIPTS}/{{script_id:int}}", permission=DELETE, audience=USER)
    async def script_delete(request: AnyRequest, script_id: FromPath[int]) -> None:
        """Take the script out of the library; runs keep the revision that they had."""
        await scripts.delete(script_id, version_wanted(request.headers.get("if-match")))

    return [script_create, script_duplicate, script_update, script_delete]


def _answer(script: Script, status_code: int = 200) -> Response[Script]:
    return Response(script, status_code=status_code, headers=etag(script.version))
