"""Kept files for devices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import HttpMethod, Request, Response, route
from litestar.params import FromPath

from backend_lite.core.db.database import Database
from backend_lite.core.feature import Route
from backend_lite.core.http.description import BYTES
from backend_lite.core.http.guard import MACHINE, SIGNED
from backend_lite.core.http.ranges import FileAnswer
from backend_lite.core.http.signed_urls import BOUND_TO, signed
from backend_lite.features.library.downloads import AGENT_FILES, Downloads

AnyRequest = Request[Any, Any, Any]


def download_routes(downloads: Downloads, database: Database) -> Sequence[Route]:
    @route(
        f"{AGENT_FILES}/{{sha256:str}}",
        http_method=[HttpMethod.GET, HttpMethod.HEAD],
        media_type=BYTES,
        permission=SIGNED,
        audience=MACHINE,
        guards=[signed(downloads.urls)],
    )
    async def agent_file(request: AnyRequest, sha256: FromPath[str]) -> Response[None]:
        """A file that a step of the device needs, whole or a range of it."""
        device: str = request.state[BOUND_TO]
        return FileAnswer(await database.read(lambda session: downloads.file(session, sha256, device)))

    return [agent_file]
