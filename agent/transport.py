"""The WebSocket to the service: messages in, messages out."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from agent.tls import SERVICE_NAME
from agent.wire.codec import MAX_FRAME_TO_AGENT, WireError, decode, encode, encode_output
from agent.wire.messages import CHANNEL_PATH, SERVICE_MESSAGES, AgentMessage, OutputFrame, ServiceMessage

OPEN_TIMEOUT_S = 15.0
PING_S = 20.0
CLOSE_TIMEOUT_S = 2.0


class ChannelClosedError(ConnectionError):
    """The channel could not be opened or is gone."""


class Channel:
    """An open channel. Everything raises ChannelClosedError once it is gone."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        tls = connection.transport.get_extra_info("ssl_object")
        self.leaf_sha256 = hashlib.sha256(tls.getpeercert(binary_form=True)).digest()
        """SHA-256 of the certificate the service showed; the hello's signature covers it."""

    async def send(self, message: AgentMessage) -> None:
        await self._put(encode(message))

    async def send_frame(self, frame: bytes) -> None:
        """A text frame that another process of this program has made, in UTF-8."""
        await self._put(frame, text=True)

    async def send_output(self, frame: OutputFrame) -> None:
        await self._put(encode_output(frame))

    async def _put(self, frame: str | bytes, *, text: bool | None = None) -> None:
        try:
            await self._connection.send(frame, text=text)
        except ConnectionClosed as reason:
            raise ChannelClosedError(str(reason)) from None

    async def receive(self) -> ServiceMessage:
        """The next message. Raises WireError for one that cannot be understood."""
        try:
            frame = await self._connection.recv()
        except ConnectionClosed as reason:
            raise ChannelClosedError(str(reason)) from None
        if isinstance(frame, bytes):
            raise WireError("the service sent a binary frame")
        return decode(frame, SERVICE_MESSAGES)


@asynccontextmanager
async def open_channel(
    server: str, tls: ssl.SSLContext, *, ping_s: float = PING_S, open_timeout_s: float = OPEN_TIMEOUT_S
) -> AsyncIterator[Channel]:
    """A channel to the service at this base address. Raises ChannelClosedError with the reason."""
    try:
        connection = await connect(
            "wss" + server.rstrip("/").removeprefix("https") + CHANNEL_PATH,
            ssl=tls,
            server_hostname=SERVICE_NAME,
            compression=None,
            proxy=None,
            max_size=MAX_FRAME_TO_AGENT,
            open_timeout=open_timeout_s,
            ping_interval=ping_s,
            ping_timeout=ping_s,
            close_timeout=CLOSE_TIMEOUT_S,
            ssl_shutdown_timeout=CLOSE_TIMEOUT_S,
        )
    except (OSError, WebSocketException) as reason:
        raise ChannelClosedError(str(reason) or type(reason).__name__) from None
    async with connection:
        yield Channel(connection)
