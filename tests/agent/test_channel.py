"""The channel itself: whom it trusts, and when it notices that nobody is there any more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent.tls import address_of, tls_context
from agent.transport import ChannelClosedError, open_channel
from agent.wire.messages import Challenge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.agent.certificates import Signed
    from tests.agent.fake_service import FakeService

pytestmark = pytest.mark.sockets


def test_the_first_word_is_the_services(service: FakeService, ca: Signed, leaf: Signed) -> None:
    import hashlib

    async def run() -> None:
        async with open_channel(service.url, tls_context(ca.pem)) as channel:
            assert isinstance(await channel.receive(), Challenge)
            assert channel.leaf_sha256 == hashlib.sha256(leaf.der).digest()

    asyncio.run(run())


def test_a_service_of_another_ca_is_not_spoken_to(service: FakeService) -> None:
    from tests.agent.certificates import make_ca

    async def run() -> None:
        with pytest.raises(ChannelClosedError, match="certificate verify failed"):
            async with open_channel(service.url, tls_context(make_ca().pem)):
                pass

    asyncio.run(run())
    assert service.hellos == []


def test_nobody_there_is_a_reason_in_words(service: FakeService, ca: Signed) -> None:
    url = service.url
    service.stop()

    async def run() -> None:
        with pytest.raises(ChannelClosedError, match="Connect call failed"):
            async with open_channel(url, tls_context(ca.pem)):
                pass

    asyncio.run(run())
    service.start()


class Wire:
    """A cable between agent and service that can be cut without anybody being told."""

    def __init__(self) -> None:
        self.whole = asyncio.Event()
        self.whole.set()

    @asynccontextmanager
    async def to(self, service: FakeService) -> AsyncIterator[str]:
        host, port = address_of(service.url)
        tasks: list[asyncio.Task[None]] = []

        async def plug_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            far_reader, far_writer = await asyncio.open_connection(host, port)
            tasks.append(asyncio.create_task(self._carry(reader, far_writer)))
            tasks.append(asyncio.create_task(self._carry(far_reader, writer)))

        server = await asyncio.start_server(plug_in, "127.0.0.1", 0)
        async with server:
            yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                await self.whole.wait()
                writer.write(data)
                await writer.drain()
        finally:
            writer.transport.abort()


def test_a_cut_cable_is_noticed_though_nobody_says_so(service: FakeService, ca: Signed) -> None:
    async def run() -> float:
        wire = Wire()
        async with wire.to(service) as url:
            cut_at = 0.0
            try:
                async with open_channel(url, tls_context(ca.pem), ping_s=0.2) as channel:
                    await channel.receive()
                    wire.whole.clear()
                    cut_at = time.monotonic()
                    async with asyncio.timeout(20):
                        await channel.receive()
            except ChannelClosedError:
                return time.monotonic() - cut_at
        raise AssertionError("it was never noticed")

    # Two pings, and at most the patience for a goodbye that does not come.
    assert asyncio.run(run()) < 10


def test_a_service_that_says_nothing_is_given_up(service: FakeService, ca: Signed, tmp_path: Path) -> None:
    async def run() -> None:
        wire = Wire()
        wire.whole.clear()
        async with wire.to(service) as url, asyncio.timeout(20):
            with pytest.raises(ChannelClosedError):
                async with open_channel(url, tls_context(ca.pem), open_timeout_s=0.5):
                    pass

    asyncio.run(run())
