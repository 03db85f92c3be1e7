"""Who asks for too much before anything is known of them: connections, time, or memory for heads."""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

CONNECTIONS = 500
"""From one address that are no channel yet: a whole site may come back at once from behind its router."""
STRANGERS = 1_000
"""Channels from one address that have not said who they are: so many agents of a site are greeted at once,
and those for whom there is no room come again within seconds."""
HANDSHAKES = 1_000
"""Connections from one address whose TLS handshake is not over, each for as long as a head may take. Agents
for whom there is no room come again within seconds."""
LARGEST_HEAD = 64 << 10
"""Bytes of a request that are not its body: its first line, its headers, and what stands around chunks."""
REQUEST_S = 10.0
"""How long the head of a request may take, the first one's from the moment that the connection is open."""
BODY_S = 30.0
"""How long nothing of a body may come while we wait for it."""


class Place:
    """One of an address, until it is left; leaving it again changes nothing."""

    __slots__ = ("_address", "_taken")

    def __init__(self, taken: Counter[str], address: str) -> None:
        self._taken: Counter[str] | None = taken
        self._address = address
        taken[address] += 1

    def leave(self) -> None:
        taken, self._taken = self._taken, None
        if taken is not None:
            taken[self._address] -= 1
            if not taken[self._address]:
                del taken[self._address]


class Door:
    """Counts handshakes, connections that are no channel yet, and channels that have not said who they are,
    apart: a site that comes back does not keep itself from fetching files."""

    def __init__(
        self, connections: int = CONNECTIONS, strangers: int = STRANGERS, handshakes: int = HANDSHAKES
    ) -> None:
        self._most = (connections, strangers, handshakes)
        self._connections: Counter[str] = Counter()
        self._strangers: Counter[str] = Counter()
        self._handshakes: Counter[str] = Counter()

    def enter_handshake(self, address: str) -> Place | None:
        """For a connection whose TLS has not begun; None where there is no room."""
        return _place(self._handshakes, address, self._most[2])

    def enter(self, address: str) -> Place | None:
        """For a new connection; None where there is no room."""
        return _place(self._connections, address, self._most[0])

    def enter_channel(self, address: str) -> Place | None:
        """For a new channel, until it is known whose it is; None where there is no room."""
        return _place(self._strangers, address, self._most[1])


def _place(taken: Counter[str], address: str, most: int) -> Place | None:
    return Place(taken, address) if taken[address] < most else None


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
    """uvicorn itself waits for ever for the rest of a head or a body."""

    def __init__(self, *arguments: Any, door: Door, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._door = door
        self._address = ""
        self._place: Place | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._heard_at = 0.0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._address = self.client[0] if self.client else ""
        self._place = self._door.enter(self._address)
        if self._place is None:
            transport.abort()
        else:
            self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        self._expect_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._is_there()
        self._heard_at = self.loop.time()
        self._expect_body()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._heard_at = self.loop.time()
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._is_there()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        # Channels have a deadline of their own for their first frame.
        self._leave()
        self._place = place = self._door.enter_channel(self._address)
        if place is None:
            self.transport.abort()
            return
        channel: Any = self.ws_protocol_class
        self.ws_protocol_class = cast("Any", partial(channel, place=place))
        super().handle_websocket_upgrade()

    def _expect_head(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(REQUEST_S, self.transport.abort)

    def _expect_body(self) -> None:
        silent_s = 0.0 if self.flow.read_paused else self.loop.time() - self._heard_at
        if silent_s >= BODY_S:
            self.transport.abort()
        else:
            self._deadline = self.loop.call_later(BODY_S - silent_s, self._expect_body)

    def _is_there(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _leave(self) -> None:
        self._is_there()
        if self._place is not None:
            self._place.leave()
