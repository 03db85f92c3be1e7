"""Who asks for too much before anything is known of them: connections, time, or memory for heads."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

CONNECTIONS = 500
"""From one address that are no channel yet: a whole site may come back at once from behind its router."""
LARGEST_HEAD = 64 << 10
"""Bytes of a request that are not its body: its first line, its headers, and what stands around chunks."""
REQUEST_S = 10.0
"""How long the head of a request may take, the first one's from the moment that the connection is open."""


class Door:
    def __init__(self, most: int = CONNECTIONS) -> None:
        self._most = most
        self._inside: Counter[str] = Counter()

    def enter(self, address: str) -> bool:
        """Whether there was room; then `leave` must follow."""
        if self._inside[address] >= self._most:
            return False
        self._inside[address] += 1
        return True

    def leave(self, address: str) -> None:
        self._inside[address] -= 1
        if not self._inside[address]:
            del self._inside[address]


class BoundedHttp(HttpToolsProtocol):
    """uvicorn itself takes a head of any size, and keeps all of it."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._beside_body = 0

    def data_received(self, data: bytes) -> None:
        self._beside_body += len(data)
        super().data_received(data)
        if self._beside_body > LARGEST_HEAD:
            self.transport.abort()

    def on_message_begin(self) -> None:
        self._beside_body = 0
        super().on_message_begin()

    def on_body(self, body: bytes) -> None:
        # What arrived together with the end of the message before may be counted there.
        self._beside_body = max(0, self._beside_body - len(body))
        super().on_body(body)


class TimedHttp(BoundedHttp):
    """uvicorn itself waits for ever for the rest of a head."""

    def __init__(self, *arguments: Any, door: Door, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._door = door
        self._address = ""
        self._inside = False
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._address = self.client[0] if self.client else ""
        self._inside = self._door.enter(self._address)
        if self._inside:
            self._expect_head()
        else:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        self._expect_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head_is_there()
        super().on_headers_complete()

    def handle_websocket_upgrade(self) -> None:
        # Channels have a deadline of their own for their first frame.
        self._leave()
        super().handle_websocket_upgrade()

    def _expect_head(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(REQUEST_S, self.transport.abort)

    def _head_is_there(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _leave(self) -> None:
        self._head_is_there()
        if self._inside:
            self._inside = False
            self._door.leave(self._address)
