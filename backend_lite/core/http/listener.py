"""A listener: one bound socket, one ASGI app, one uvicorn server that obeys us and not the signals."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any, cast

import uvicorn
from litestar.types import ASGIApp
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from backend_lite.core.http.door import BoundedHttp, Door, Place, TimedHttp
from backend_lite.core.http.handshakes import TlsServer
from backend_lite.core.http.websocket import LET_IN

MAX_FRAME = 1 << 20
ANSWER_HEADERS = (
    ("Cache-Control", "no-store"),
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; object-src 'none'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'",
    ),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)
"""Of every answer, refusals of what is no request at all among them: nobody keeps it, guesses what it is,
embeds it, or learns from where somebody came. The one page that there is has a style of its own."""
_PING_S = 20.0
_GRACE_S = 3


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, door: Door | None) -> None:
        super().__init__(config)
        self._door = door

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """With TLS and a door, that stands before the handshake, too."""
        context, door = self.config.ssl, self._door
        if context is None or door is None:
            await super().startup(sockets)
            return
        await self.lifespan.startup()
        for bound in sockets or ():
            bound.listen(self.config.backlog)
            bound.setblocking(False)
        made = [TlsServer(bound, context, door, self._make_protocol) for bound in sockets or ()]
        self.servers = cast("Any", made)
        self.started = True

    def _make_protocol(self) -> asyncio.Protocol:
        make = cast("Any", self.config.http_protocol_class)
        protocol: asyncio.Protocol = make(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return protocol

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # Two servers share the process: its own handlers tell both to stop.
        yield


class _Inbox:
    """What asyncio.Queue is to one reader, at a tenth of its memory: there is one for every agent."""

    __slots__ = ("_items", "_waiting")

    def __init__(self) -> None:
        self._items: list[Any] = []
        self._waiting: asyncio.Future[None] | None = None

    def empty(self) -> bool:
        return not self._items

    def put_nowait(self, item: Any) -> None:
        self._items.append(item)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def get(self) -> Any:
        while not self._items:
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                await self._waiting
            finally:
                self._waiting = None
        return self._items.pop(0)


class _Protocol(WebSocketsSansIOProtocol):
    """Keeps little for a connection that may stay open for months. A peer that answers no ping is dropped at
    once: closing would wait for its TLS goodbye. `place` is left when the app lets the socket in, or when the
    connection ends."""

    def __init__(self, *arguments: Any, place: Place | None = None, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.queue = cast("Any", _Inbox())
        self._place = place

    def connection_lost(self, exc: Exception | None) -> None:
        self._let_in()
        super().connection_lost(exc)

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
            cast("Any", self.scope)["extensions"][LET_IN] = self._let_in

    def _let_in(self) -> None:
        if self._place is not None:
            self._place.leave()
            self._place = None

    def start_keepalive(self) -> None:
        # The opening handshake is over, nobody asks for its headers again.
        del self.request, self.response
        super().start_keepalive()

    def keepalive_timeout(self) -> None:
        self.pong_timer = None
        self.transport.abort()


def bind(host: str, port: int) -> socket.socket:
    """A bound TCP socket (port 0: a free one). Raises OSError when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        # On Windows SO_REUSEADDR would let another program share the port.
        option = getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR)
        bound.setsockopt(socket.SOL_SOCKET, option, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


class Listener:
    """Serves `app` on the sockets until `stop`; `port` is that of the first. With `connections`, whoever
    comes while there are so many is answered 503; with `door`, it decides who comes in."""

    def __init__(
        self,
        app: ASGIApp,
        bound: Sequence[socket.socket],
        tls: Callable[[], ssl.SSLContext] | None = None,
        connections: int | None = None,
        door: Door | None = None,
    ) -> None:
        self._bound = list(bound)
        options: dict[str, Any] = {}
        if tls is not None:
            options["ssl_context_factory"] = lambda _config, _default: tls()
        config = uvicorn.Config(
            app,
            http=cast("Any", BoundedHttp if door is None else partial(TimedHttp, door=door)),
            ws=_Protocol,
            ws_max_size=MAX_FRAME,
            ws_ping_interval=_PING_S,
            ws_ping_timeout=_PING_S,
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            headers=list(ANSWER_HEADERS),
            timeout_graceful_shutdown=_GRACE_S,
            limit_concurrency=connections,
            **options,
        )
        self._server = _Server(config, door)
        self._task: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        return int(self._bound[0].getsockname()[1])

    async def start(self) -> None:
        """Returns once connections are accepted."""
        self._task = asyncio.create_task(self._server.serve(sockets=self._bound), name="listener")
        while not self._server.started:
            if self._task.done():
                self._task.result()
                raise RuntimeError("the listener ended while starting")
            await asyncio.sleep(0.002)

    async def stop(self) -> None:
        self._server.should_exit = True
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        for bound in self._bound:
            bound.close()
