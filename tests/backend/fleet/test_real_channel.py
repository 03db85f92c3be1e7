"""The channel over real TLS: what no imitation of a socket can show."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidMessage

from agent.wire.codec import MAX_FRAME, decode, encode
from agent.wire.messages import CHANNEL_PATH, SERVICE_MESSAGES, SERVICE_NAME, Challenge, Receipt, Welcome
from backend_lite.core.events.bus import SendToDevice
from backend_lite.core.http.door import Door
from backend_lite.core.http.listener import Listener, bind
from tests.backend.fleet.conftest import Fleet
from tests.helpers.agents import Device

pytestmark = [pytest.mark.anyio, pytest.mark.sockets]

CLIENTS = 20


@pytest.fixture
async def listener(fleet_service: Fleet) -> AsyncIterator[Listener]:
    identity = fleet_service.service.kernel.endpoint.identity
    app = fleet_service.service.service.agent_app()
    running = Listener(app, [bind("127.0.0.1", 0)], identity.ssl_context, door=Door(strangers=1))
    await running.start()
    yield running
    await running.stop()


def stranger(fleet: Fleet, listener: Listener) -> connect:
    """A channel that says nothing."""
    tls = ssl.create_default_context(cadata=fleet.service.kernel.endpoint.identity.ca_pem)
    url = f"wss://127.0.0.1:{listener.port}{CHANNEL_PATH}"
    return connect(url, ssl=tls, server_hostname=SERVICE_NAME, compression=None, proxy=None)


@contextlib.asynccontextmanager
async def channel(fleet: Fleet, listener: Listener, device: Device) -> AsyncIterator[ClientConnection]:
    async with stranger(fleet, listener) as connection:
        challenge = decode(await connection.recv(), SERVICE_MESSAGES)
        assert isinstance(challenge, Challenge)
        await connection.send(encode(device.hello(challenge.nonce, fleet.leaf)))
        assert isinstance(decode(await connection.recv(), SERVICE_MESSAGES), Welcome)
        yield connection


async def close_code(connection: ClientConnection) -> int | None:
    with pytest.raises(ConnectionClosed) as closed:
        async with asyncio.timeout(10):
            while True:
                await connection.recv()
    return closed.value.rcvd.code if closed.value.rcvd else None


async def test_messages_arrive_over_tls(fleet_service: Fleet, listener: Listener) -> None:
    device = Device()
    device_id = await fleet_service.enrolled(device)
    async with channel(fleet_service, listener, device) as connection:
        assert (await fleet_service.get(device_id))["address"] == "127.0.0.1"
        fleet_service.service.kernel.bus.publish([SendToDevice(device_id, Receipt("e-1-1"))])
        assert decode(await connection.recv(), SERVICE_MESSAGES) == Receipt("e-1-1")


async def test_nonsense_is_answered_with_a_close_frame(fleet_service: Fleet, listener: Listener) -> None:
    device = Device()
    await fleet_service.enrolled(device)
    for frame, code in (("nonsense", 1008), (b"\xff", 1008), ("x" * (MAX_FRAME + 1), 1009)):
        async with channel(fleet_service, listener, device) as connection:
            await connection.send(frame)
            assert await close_code(connection) == code


async def test_only_who_has_not_said_hello_takes_a_place_of_strangers(
    fleet_service: Fleet, listener: Listener
) -> None:
    first, second = Device(), Device()
    for device in (first, second):
        await fleet_service.enrolled(device)
    async with channel(fleet_service, listener, first), channel(fleet_service, listener, second):
        async with stranger(fleet_service, listener) as silent:
            assert isinstance(decode(await silent.recv(), SERVICE_MESSAGES), Challenge)
            with pytest.raises((InvalidMessage, OSError)):
                await stranger(fleet_service, listener)
        async with asyncio.timeout(10):
            while True:
                with contextlib.suppress(InvalidMessage, OSError):
                    async with stranger(fleet_service, listener):
                        break


@pytest.fixture
def grace(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server itself would give everybody far longer than any test may take."""
    monkeypatch.setattr("backend_lite.core.http.listener._GRACE_S", 3600)


async def test_a_stop_lets_everybody_go_at_once(
    grace: None, fleet_service: Fleet, listener: Listener
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        connections = []
        for _ in range(CLIENTS):
            device = Device()
            await fleet_service.enrolled(device)
            connections.append(await stack.enter_async_context(channel(fleet_service, listener, device)))
        stop = fleet_service.service.feature("fleet").stop
        assert stop is not None
        async with asyncio.timeout(60):
            await stop()
            await listener.stop()
        assert {await close_code(connection) for connection in connections} == {1012}
