"""What keeps web pages away from a service on localhost.

Exact Host allow-list (DNS rebinding), no foreign Origin, no cross-site fetches, and JSON only where a body
could otherwise be sent without the browser asking first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import msgspec
from litestar.types import ASGIApp, Receive, Scope, Send

from backend_lite.contract.common import Problem

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_JSON = "application/json"


class BrowserShield:
    """`hosts` are the values of the Host header that are ours, known once the listener is bound; None on
    the listener for agents, which no browser trusts and which people reach by many names.

    `body_types(path)` are the content types a path takes besides JSON (documented form log-ins, uploads).
    `cross_site` are the paths that other sites send the browser to.
    """

    def __init__(
        self,
        app: ASGIApp,
        hosts: Callable[[], frozenset[str]] | None,
        body_types: Callable[[str], frozenset[str]],
        cross_site: frozenset[str] = frozenset(),
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._body_types = body_types
        self._cross_site = cross_site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = cast("dict[str, Any]", scope)["type"]
        if kind in ("http", "websocket"):
            problem = self._refusal(cast("dict[str, Any]", scope))
            if problem is not None:
                await _refuse(kind, problem, send)
                return
        await self._app(scope, receive, send)

    def _refusal(self, scope: dict[str, Any]) -> tuple[int, str] | None:
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        # Of two, who stands in between may look at one and we at the other.
        named = sum(name.lower() == b"host" for name, _ in scope["headers"])
        if self._hosts is not None and (named != 1 or headers[b"host"].lower() not in self._hosts()):
            return 421, "This is not the address of this service."
        if b"origin" in headers:
            return 403, "Web pages may not call this service."
        site = headers.get(b"sec-fetch-site", "none")
        if site not in ("none", "same-origin") and scope["path"].rstrip("/") not in self._cross_site:
            return 403, "Web pages may not call this service."
        if scope["type"] == "http" and scope["method"] not in _SAFE and _has_body(headers):
            given = headers.get(b"content-type", "").partition(";")[0].strip().lower()
            if given != _JSON and given not in self._body_types(scope["path"]):
                return 415, "Send the body as JSON (Content-Type: application/json)."
        return None


def _has_body(headers: dict[bytes, str]) -> bool:
    return headers.get(b"content-length", "0") != "0" or b"transfer-encoding" in headers


async def _refuse(kind: str, problem: tuple[int, str], send: Send) -> None:
    if kind == "websocket":
        # Closing before accepting is answered as 403 by the server.
        await send({"type": "websocket.close", "code": 1008, "reason": ""})
        return
    status, detail = problem
    body = msgspec.json.encode(Problem(detail, "refused"))
    headers = [(b"content-type", _JSON.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
