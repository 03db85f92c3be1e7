"""The WebSocket under the live stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Protocol

from console.core.errors import ConsoleError

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

TIMEOUT_S = 5.0


class StreamBroken(ConsoleError):  # noqa: N818
    """The connection could not be made, or is no more."""


class Stream(Protocol):
    """Both raise StreamBroken; the frames end without it when the service closes in order."""

    async def greet(self, hello: str, *, resuming: bool) -> None:
        """Sends the first frame. When resuming, it returns only once the service has it."""

    def __aiter__(self) -> AsyncIterator[str | bytes]: ...


Connect = Callable[[str], AbstractAsyncContextManager[Stream]]


@asynccontextmanager
async def open_stream(url: str) -> AsyncIterator[Stream]:
    from websockets.asyncio.client import connect
    from websockets.exceptions import WebSocketException

    try:
        # The defaults compress, and take proxies from the environment.
        async with connect(
            url, compression=None, proxy=None, max_size=None, open_timeout=TIMEOUT_S, close_timeout=1.0
        ) as socket:
            yield _Socket(socket)
    except (OSError, TimeoutError, WebSocketException) as error:
        raise StreamBroken(str(error)) from error


class _Socket:
    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def greet(self, hello: str, *, resuming: bool) -> None:
        await self._socket.send(hello)
        if resuming:
            # Nothing may have changed meanwhile: then no frame comes, and the pong is the sign.
            await asyncio.wait_for(await self._socket.ping(), TIMEOUT_S)

    def __aiter__(self) -> AsyncIterator[str | bytes]:
        return aiter(self._socket)
