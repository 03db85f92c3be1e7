"""`WS /api/v1/live`: signs the console in by its first frame, then keeps it up to date."""

from __future__ import annotations

import asyncio

import msgspec
import structlog
from litestar import asgi
from litestar.types import Receive, Scope, Send

from backend_lite.contract.live import CLOSE_UNAUTHORIZED, LIVE, LiveHello, LiveProblem
from backend_lite.core.clock import Clock
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import CHANNEL, USER
from backend_lite.core.http.refusals import Sparing
from backend_lite.core.http.websocket import Socket, SocketClosed, accept
from backend_lite.core.live import LiveHub, Subscription
from backend_lite.core.security.principal import Authenticator, Principal

log = structlog.get_logger(__name__)

_FIRST_FRAME_S = 10
_RECHECK_S = 30


def live_route(hub: LiveHub, authenticator: Authenticator, clock: Clock) -> Route:
    sparing = Sparing(clock)

    @asgi(LIVE, copy_scope=False, permission=CHANNEL, audience=USER)
    async def live(scope: Scope, receive: Receive, send: Send) -> None:
        socket = await accept(scope, receive, send)
        if socket is not None:
            await _Watcher(hub, authenticator, socket, sparing).serve()

    return live


class _Watcher:
    """One console's socket."""

    def __init__(self, hub: LiveHub, authenticator: Authenticator, socket: Socket, sparing: Sparing) -> None:
        self._hub = hub
        self._authenticator = authenticator
        self._socket = socket
        self._sparing = sparing
        self._encode = msgspec.json.Encoder().encode

    async def serve(self) -> None:
        try:
            hello = await self._hello()
            principal = await self._authenticator.authenticate(hello.access_token)
            if principal is None:
                await self._refuse("Sign in again: this session has ended.", "unauthorized")
                return
            if principal.device_id is not None or principal.elsewhere:
                await self._refuse("The live stream is for people and their API tokens.", "unauthorized")
                return
            await self._follow(hello, principal)
        except SocketClosed:
            pass
        except (msgspec.DecodeError, TimeoutError):
            await self._refuse('The first frame must be {"access_token": ...}.', "invalid")

    async def _hello(self) -> LiveHello:
        async with asyncio.timeout(_FIRST_FRAME_S):
            return msgspec.json.decode(await self._socket.receive(), type=LiveHello)

    async def _follow(self, hello: LiveHello, principal: Principal) -> None:
        subscription = self._hub.subscribe(principal, hello.since)
        tasks = [
            asyncio.create_task(self._send(subscription)),
            asyncio.create_task(self._until_closed()),
            asyncio.create_task(self._until_signed_out(hello.access_token, subscription)),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._hub.unsubscribe(subscription)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _send(self, subscription: Subscription) -> None:
        while not subscription.closed:
            if subscription.overflowed and not subscription.doubted:
                await self._send_snapshot(subscription)
            await subscription.wait()
            while frames := await subscription.take():
                for frame in frames:
                    await self._socket.send_text(frame)
                await asyncio.sleep(0)

    async def _send_snapshot(self, subscription: Subscription) -> None:
        snapshot = await self._hub.snapshot(subscription)
        if subscription.doubted:
            # Its rights may have gone while it was made.
            subscription.start_over()
        else:
            await self._send_one(snapshot)

    async def _send_one(self, frame: msgspec.Struct) -> None:
        await self._socket.send_text(self._encode(frame).decode())

    async def _until_closed(self) -> None:
        try:
            while True:
                await self._socket.receive()
        except SocketClosed:
            pass

    async def _until_signed_out(self, token: str, subscription: Subscription) -> None:
        """A session that ends, and rights that go, must not go on seeing the fleet through a socket that was
        opened before. This process hears of both at once; another replica may have ended it too."""
        while (principal := await self._authenticator.authenticate(token, used=False)) is not None:
            subscription.renew(principal)
            await subscription.until_doubted(_RECHECK_S)
            subscription.asking()
        await self._end("Sign in again: this session has ended.", "unauthorized")

    async def _refuse(self, detail: str, code: str) -> None:
        peer = self._socket.peer
        untold = self._sparing.untold(peer, code)
        if untold is not None:
            log.warning("live stream refused", address=peer, code=code, more_before=untold)
        await self._end(detail, code)

    async def _end(self, detail: str, code: str) -> None:
        await self._send_one(LiveProblem(detail, code))
        await self._socket.close(CLOSE_UNAUTHORIZED)
