"""A WebSocket over raw ASGI: what the framework's typed handlers cost is not spent on hot channels."""

from __future__ import annotations

from typing import Any, cast

from litestar.types import Receive, Scope, Send

LET_IN = "deployflow.let_in"
"""The extension of a scope that is called when it is known whose the socket is."""


class SocketClosed(Exception):  # noqa: N818
    """The peer is gone."""


class Socket:
    """An accepted WebSocket."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = cast("dict[str, Any]", scope)
        self._receive = receive
        self._send = send

    @property
    def peer(self) -> str:
        """The other side's address."""
        client = self.scope.get("client")
        return str(client[0]) if client else ""

    def let_in(self) -> None:
        """It is known whose this is: it takes no stranger's place at the door any longer."""
        if leave := self.scope.get("extensions", {}).pop(LET_IN, None):
            leave()

    async def receive(self) -> str | bytes:
        """The next frame. Raises SocketClosed."""
        message = cast("dict[str, Any]", await self._receive())
        if message["type"] != "websocket.receive":
            raise SocketClosed
        text = message.get("text")
        return text if text is not None else cast("bytes", message["bytes"])

    async def send_text(self, text: str) -> None:
        await self._send({"type": "websocket.send", "text": text, "bytes": None})

    async def close(self, code: int = 1000, reason: str = "") -> None:
        await self._send({"type": "websocket.close", "code": code, "reason": reason})


async def accept(scope: Scope, receive: Receive, send: Send) -> Socket | None:
    """The opened socket, or None when the request was plain HTTP (answered with 426)."""
    if cast("dict[str, Any]", scope)["type"] != "websocket":
        headers = [(b"content-length", b"0"), (b"upgrade", b"websocket"), (b"connection", b"upgrade")]
        await send({"type": "http.response.start", "status": 426, "headers": headers})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return None
    await receive()
    await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
    # The scope lives as long as the connection does.
    cast("dict[str, Any]", scope)["headers"] = []
    return Socket(scope, receive, send)
