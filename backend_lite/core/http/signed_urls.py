"""Addresses that are their own credential: they expire, and they are made for somebody."""

from __future__ import annotations

import re
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from backend_lite.core.clock import Clock
from backend_lite.core.security.signing import Signer
from backend_lite.errors import ForbiddenError, UnauthorizedError

_QUERY = re.compile(r"expires=([0-9]{1,15})&for=([A-Za-z0-9._-]{1,80})&signature=([0-9a-f]{64})")
_REFUSED = "This address was changed or has expired: ask for a new one."
BOUND_TO = "bound_to"


class SignedUrls:
    """`path?expires=..&for=..&signature=..`; the path holds nothing that would have to be escaped."""

    def __init__(self, key: bytes, clock: Clock) -> None:
        self._signer = Signer(key, "signed-url-1")
        self._clock = clock

    def sign(self, path: str, ttl_s: int, bound_to: str) -> str:
        """`bound_to` names who it is made for: letters, digits, `.`, `_` and `-`."""
        expires = str(self._clock.now_ms() // 1000 + ttl_s)
        signature = self._signer.sign(path, expires, bound_to)
        return f"{path}?expires={expires}&for={bound_to}&signature={signature}"

    def verify(self, path: str, query: str) -> str:
        """Who the address was made for. Raises UnauthorizedError where nothing is signed, ForbiddenError."""
        if not query:
            raise UnauthorizedError("Not authenticated")
        found = _QUERY.fullmatch(query)
        if found is None:
            raise ForbiddenError(_REFUSED)
        expires, bound_to, signature = found.groups()
        genuine = self._signer.holds(signature, path, expires, bound_to)
        if not genuine or int(expires) * 1000 <= self._clock.now_ms():
            raise ForbiddenError(_REFUSED)
        return bound_to


def signed(urls: SignedUrls) -> Guard:
    """The guard of a route with the permission SIGNED. Puts who it is for into the state as BOUND_TO."""

    def verify(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
        path = connection.scope["path"].rstrip("/")
        query = connection.scope["query_string"].decode("latin-1")
        connection.state[BOUND_TO] = urls.verify(path, query)

    return verify
