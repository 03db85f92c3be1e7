"""Sending to agents: in order, to whoever is there, and never at the cost of others."""

import asyncio

import pytest

from agent.wire.codec import MAX_FRAME_TO_AGENT
from agent.wire.messages import AdmissionChanged, Cancel, Heartbeat, Offer, Receipt
from backend_lite.core.events.bus import SendToDevice
from backend_lite.features.fleet import channel, hub
from tests.backend.fleet.conftest import Fleet
from tests.helpers.agents import METRICS, AgentSocket, Device, say_hello

pytestmark = pytest.mark.anyio


async def connected(fleet: Fleet) -> tuple[int, AgentSocket]:
    device = Device()
    device_id = await fleet.enrolled(device)
    socket, _welcome = await fleet.welcomed(device)
    return device_id, socket


def send(fleet: Fleet, *events: SendToDevice) -> None:
    fleet.service.kernel.bus.publish(events)


async def test_messages_arrive_in_the_order_of_the_commits(fleet_service: Fleet) -> None:
    device_id, socket = await connected(fleet_service)
    names = [f"e-{n}-1" for n in range(100)]
    send(fleet_service, *(SendToDevice(device_id, Receipt(name)) for name in names))
    assert [(await socket.expect(Receipt)).attempt for _ in names] == names


async def test_a_message_for_a_device_that_is_away_is_dropped(fleet_service: Fleet) -> None:
    device = Device()
    device_id = await fleet_service.enrolled(device)
    send(fleet_service, SendToDevice(device_id, Receipt("e-1-1")), SendToDevice(4711, Receipt("e-1-1")))
    socket, _welcome = await fleet_service.welcomed(device)
    send(fleet_service, SendToDevice(device_id, Receipt("e-2-1")))
    assert await socket.expect(Receipt) == Receipt("e-2-1")


async def test_a_message_too_large_for_a_frame_is_not_sent_and_harms_nobody(fleet_service: Fleet) -> None:
    device_id, socket = await connected(fleet_service)
    send(
        fleet_service,
        SendToDevice(device_id, Offer("e-1-1", "sh", "x" * MAX_FRAME_TO_AGENT, 60.0)),
        SendToDevice(device_id, Cancel("e-1-1")),
    )
    assert await socket.expect(Cancel) == Cancel("e-1-1")


async def test_a_message_arrives_as_it_was_sent(fleet_service: Fleet) -> None:
    device_id, socket = await connected(fleet_service)
    offer = Offer("e-1-1", "sh", 'echo "ä"\n\0', 1.5, ("a b", ""), {"n": 1, "s": "x", "b": True, "f": 0.5})
    send(fleet_service, SendToDevice(device_id, offer))
    assert await socket.expect(Offer) == offer


async def test_an_agent_that_reads_too_slowly_is_given_up_and_holds_up_nobody(
    fleet_service: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "MAX_QUEUED", 10_000)
    slow_id, slow = await connected(fleet_service)
    quick_id, quick = await connected(fleet_service)
    slow.stall()
    send(fleet_service, SendToDevice(slow_id, Receipt("e-0-1")))
    await asyncio.sleep(0)
    for _ in range(20):
        send(fleet_service, SendToDevice(slow_id, Offer("e-1-1", "sh", "x" * 1000, 60.0)))
    assert not fleet_service.api.hub.connected(slow_id)
    send(fleet_service, SendToDevice(quick_id, Receipt("e-2-1")))
    assert await quick.expect(Receipt) == Receipt("e-2-1")
    slow.read_on()
    # What was already on its way still arrives, but nothing after the gap.
    assert await slow.expect(Receipt) == Receipt("e-0-1")
    assert await slow.closed() == 1013
    await slow.done()
    assert fleet_service.api.hub.connected(quick_id)


async def test_what_a_given_up_agent_says_is_not_heard(
    fleet_service: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    device_id, socket = await connected(fleet_service)
    monkeypatch.setattr(channel, "MAX_QUEUED", 100)
    socket.stall()
    send(fleet_service, *[SendToDevice(device_id, Receipt("e-1-1"))] * 5)
    socket.send(Heartbeat(METRICS))
    socket.read_on()
    # The first one was on its way already.
    await socket.expect(Receipt)
    assert await socket.closed() == 1013
    await socket.done()
    assert (await fleet_service.get(device_id))["metrics"] is None


async def test_sending_to_a_peer_that_is_just_gone_is_harmless(fleet_service: Fleet) -> None:
    device_id, socket = await connected(fleet_service)
    socket.vanish()
    send(fleet_service, *[SendToDevice(device_id, Receipt("e-1-1"))] * 3)
    await socket.leave()
    assert not fleet_service.api.hub.connected(device_id)


async def test_stopping_lets_every_agent_go_and_takes_no_new_one(fleet_service: Fleet) -> None:
    agents = [await connected(fleet_service) for _ in range(3)]
    stop = fleet_service.service.feature("fleet").disconnect
    assert stop is not None
    await stop()
    for device_id, socket in agents:
        assert await socket.closed() == 1012
        await socket.done()
        assert not fleet_service.api.hub.connected(device_id)
    device = Device()
    await fleet_service.enrolled(device)
    late = fleet_service.connect()
    await say_hello(late, device, fleet_service.leaf)
    assert await late.closed() == 1012
    await late.done()


async def test_stopping_does_not_wait_for_an_agent_that_reads_nothing(
    fleet_service: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "_STOP_S", 0.05)
    _device_id, stuck = await connected(fleet_service)
    stuck.stall()
    stop = fleet_service.service.feature("fleet").disconnect
    assert stop is not None
    async with asyncio.timeout(5):
        await stop()
    await stuck.leave()


async def test_becoming_approved_is_told_once(fleet_service: Fleet) -> None:
    device = Device()
    device_id = await fleet_service.enrolled(device, approve=False)
    socket, _welcome = await fleet_service.welcomed(device)
    await fleet_service.approve(device_id)
    await fleet_service.approve(device_id)
    send(fleet_service, SendToDevice(device_id, Receipt("e-1-1")))
    assert await socket.expect(AdmissionChanged) == AdmissionChanged("approved")
    assert await socket.expect(Receipt) == Receipt("e-1-1")


async def test_a_bug_in_work_for_a_ready_device_leaves_the_channel_open(fleet_service: Fleet) -> None:
    failed = asyncio.Event()

    async def on_ready(_device_id: int) -> None:
        failed.set()
        raise LookupError("a bug")

    fleet_service.api.on_ready(on_ready)
    device = Device()
    device_id = await fleet_service.enrolled(device, approve=False)
    socket, _welcome = await fleet_service.welcomed(device)
    await fleet_service.approve(device_id)
    await socket.expect(AdmissionChanged)
    await asyncio.wait_for(failed.wait(), 30)
    send(fleet_service, SendToDevice(device_id, Receipt("e-1-1")))
    assert await socket.expect(Receipt) == Receipt("e-1-1")
