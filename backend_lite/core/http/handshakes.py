"""Connections before their TLS handshake is over: counted for each address, and let go where they are slow.

A server of asyncio with TLS tells nobody of a connection until its handshake is over: whoever says nothing
would hold as many as there are descriptors.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from typing import Any

import structlog

from backend_lite.core.http.door import REQUEST_S, Door, Place

log = structlog.get_logger(__name__)

_BREATH_S = 0.2
"""After a connection that could not be accepted, for want of descriptors say."""


class TlsServer:
    """Accepts on one listening socket from now on; `make` makes the protocol of each connection. uvicorn
    closes it as it closes a server of asyncio. Its socket is closed by whoever gave it, after it."""

    def __init__(
        self, bound: socket.socket, context: ssl.SSLContext, door: Door, make: Callable[[], asyncio.Protocol]
    ) -> None:
        self._bound = bound
        self._context = context
        self._door = door
        self._make = make
        self._tasks = {asyncio.create_task(self._accept(), name="accept")}

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def wait_closed(self) -> None:
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self) -> None:
        while True:
            try:
                connection, address = await accepted(self._bound)
            except OSError as error:
                log.warning("a connection could not be accepted", reason=error.strerror)
                await asyncio.sleep(_BREATH_S)
                continue
            self._greet(connection, address)
            # Where many come at once there is always another one: everybody else has a turn, too.
            await asyncio.sleep(0)

    def _greet(self, connection: socket.socket, address: str) -> None:
        place = self._door.enter_handshake(address)
        if place is None:
            connection.close()
            return
        task = asyncio.create_task(self._shake_hands(connection, place))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _shake_hands(self, connection: socket.socket, place: Place) -> None:
        """The protocol has taken a place of its own when this one is left."""
        options: dict[str, Any] = {"ssl_handshake_timeout": REQUEST_S, "ssl_shutdown_timeout": REQUEST_S}
        try:
            # What went wrong is the other side's business: scanners and clients that know another CA.
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                await asyncio.get_running_loop().connect_accepted_socket(
                    self._make, connection, ssl=self._context, **options
                )
        finally:
            place.leave()


async def accepted(bound: socket.socket) -> tuple[socket.socket, str]:
    """The next connection, and the address it comes from."""
    connection, address = await asyncio.get_running_loop().sock_accept(bound)
    return connection, str(address[0])
