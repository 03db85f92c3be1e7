"""All that the listener for boot firmware answers: one kind of address, read-only."""

from __future__ import annotations

from typing import Any

import structlog
from litestar.types import Receive, Send

from backend_lite.core.db.database import Database
from backend_lite.core.http.ranges import send_file
from backend_lite.features.library.boot_urls import BootUrls

log = structlog.get_logger(__name__)


class BootApp:
    """An ASGI app of its own: no route of the other listeners can ever appear on it."""

    def __init__(self, database: Database, urls: BootUrls) -> None:
        self._database = database
        self._urls = urls

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            # A WebSocket that is closed before it is accepted is answered as 403.
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        if scope["method"] not in ("GET", "HEAD"):
            await _refuse(send, 405, [(b"allow", b"GET, HEAD")])
            return
        path = scope["path"]
        file = await self._database.read(lambda session: self._urls.file(session, path))
        if file is None:
            await _refuse(send, 404)
            return
        client = scope.get("client") or ("", 0)
        log.info("boot file", address=client[0], sha256=file.sha256, name=file.name)
        try:
            await send_file(scope, receive, send, file)
        except FileNotFoundError:
            log.exception("the file of an image is not where it was kept", sha256=file.sha256)
            await _refuse(send, 404)


async def _refuse(send: Send, status: int, more: list[tuple[bytes, bytes]] | None = None) -> None:
    headers = [(b"content-length", b"0"), *(more or [])]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
