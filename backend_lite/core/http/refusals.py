"""Who was turned away while nobody knew who it is: a line of the log, once a minute for each address.

What people were refused stands in the audit; a stranger must not be able to fill that.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, cast

import structlog
from litestar.types import ASGIApp, Receive, Scope, Send

from backend_lite.core.clock import Clock

log = structlog.get_logger(__name__)

EVERY_S = 60.0
MOST = 1_000
"""So many addresses are remembered; more of them at once are told more often."""
_WHY = {
    401: "no good credential",
    403: "not allowed",
    421: "another host was asked for",
    429: "too many failed tries",
}
_WEB_PAGE = "a web page asked for a channel"
_PATH = 200


class Sparing:
    """What a stranger makes the log say is said once in EVERY_S for each address: nobody pushes out what else
    stands there."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told: OrderedDict[tuple[str, str], tuple[float, int]] = OrderedDict()

    def untold(self, address: str, why: str) -> int | None:
        """How often it was kept back before, or None where it is to be kept back now."""
        now, key = self._clock.monotonic(), (address, why)
        at, untold = self._told.get(key, (now - EVERY_S, 0))
        if now - at < EVERY_S:
            self._told[key] = (at, untold + 1)
            return None
        self._told[key] = (now, 0)
        self._told.move_to_end(key)
        while len(self._told) > MOST:
            self._told.popitem(last=False)
        return untold


class Refusals:
    """Around the app of a listener."""

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self._app = app
        self._sparing = Sparing(clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        told = cast("dict[str, Any]", scope)
        if told["type"] == "http":
            send = cast("Send", _Watched(told, send, self))
        elif told["type"] == "websocket" and any(name == b"origin" for name, _ in told["headers"]):
            self.tell(told, _WEB_PAGE)
        await self._app(scope, receive, send)

    def tell(self, scope: dict[str, Any], why: str) -> None:
        client = scope.get("client")
        address = str(client[0]) if client else ""
        untold = self._sparing.untold(address, why)
        if untold is not None:
            method, path = scope.get("method", "GET"), scope["path"][:_PATH]
            log.warning("refused", why=why, address=address, method=method, path=path, more_before=untold)


class _Watched:
    """The answer to one request, on its way out."""

    def __init__(self, scope: dict[str, Any], send: Send, refusals: Refusals) -> None:
        self._scope = scope
        self._send = send
        self._refusals = refusals

    async def __call__(self, message: Any) -> None:
        if message["type"] == "http.response.start" and message["status"] in _WHY and not self._is_person():
            self._refusals.tell(self._scope, _WHY[message["status"]])
        await self._send(message)

    def _is_person(self) -> bool:
        principal = self._scope.get("user")
        return principal is not None and principal.device_id is None
