"""A WebSocket spoken to an ASGI app in this process."""

import asyncio
from typing import Any

import msgspec

DEADLINE_S = 10


class AsgiSocket:
    """`async with AsgiSocket(app, path) as socket:` is connected; leaving it disconnects."""

    def __init__(self, app: Any, path: str, client: str = "127.0.0.1") -> None:
        self._app = app
        self._scope = {
            "type": "websocket",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "scheme": "ws",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(b"host", b"127.0.0.1:1")],
            "client": (client, 50_000),
            "server": ("127.0.0.1", 1),
            "subprotocols": [],
            "extensions": {},
        }
        self._to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "AsgiSocket":
        self._to_app.put_nowait({"type": "websocket.connect"})
        self._task = asyncio.create_task(self._app(self._scope, self._to_app.get, self._from_app.put))
        opened = await self._next()
        assert opened["type"] == "websocket.accept", opened
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._to_app.put_nowait({"type": "websocket.disconnect", "code": 1000})
        async with asyncio.timeout(DEADLINE_S):
            await self._task

    async def send(self, message: object) -> None:
        text = message if isinstance(message, str) else msgspec.json.encode(message).decode()
        self._to_app.put_nowait({"type": "websocket.receive", "text": text, "bytes": None})

    async def receive(self) -> Any:
        """The next frame, decoded from JSON."""
        message = await self._next()
        assert message["type"] == "websocket.send", message
        return msgspec.json.decode(message["text"])

    async def closed(self) -> int:
        """The code with which the app closes, which must come next."""
        message = await self._next()
        assert message["type"] == "websocket.close", message
        return int(message["code"])

    async def _next(self) -> dict[str, Any]:
        async with asyncio.timeout(DEADLINE_S):
            return await self._from_app.get()
