"""How a connection becomes a channel, and who is refused."""

import asyncio
import dataclasses

import pytest

from agent.wire.messages import (
    AdmissionChanged,
    Challenge,
    Hello,
    Incarnation,
    OpenAttempt,
    OutputMark,
    Welcome,
)
from backend_lite.features.fleet import handshake
from backend_lite.features.fleet.api import HelloAnswer
from tests.backend.fleet.conftest import Fleet
from tests.helpers.agents import LIFE, AgentSocket, Device, refused, say_hello

pytestmark = pytest.mark.anyio


async def test_an_approved_device_is_welcomed_and_may_work(fleet_service: Fleet) -> None:
    device = Device()
    device_id = await fleet_service.enrolled(device)
    hub = fleet_service.api.hub
    assert not hub.connected(device_id)
    socket, welcome = await fleet_service.welcomed(device)
    assert welcome == Welcome(1, device_id, "approved", handshake.HEARTBEAT_S)
    assert hub.connected(device_id)
    assert hub.may_work(device_id)
    await socket.leave()
    assert not hub.connected(device_id)
    assert not hub.may_work(device_id)


async def test_a_pending_device_is_welcomed_but_may_not_work(fleet_service: Fleet) -> None:
    device = Device()
    device_id = await fleet_service.enrolled(device, approve=False)
    _socket, welcome = await fleet_service.welcomed(device)
    assert welcome.admission == "pending"
    assert fleet_service.api.hub.connected(device_id)
    assert not fleet_service.api.hub.may_work(device_id)


async def test_every_connection_gets_its_own_challenge(fleet_service: Fleet) -> None:
    challenges = [await fleet_service.connect().expect(Challenge) for _ in range(3)]
    assert len({challenge.nonce for challenge in challenges}) == 3
    assert all(len(bytes.fromhex(challenge.nonce)) == 32 for challenge in challenges)
    assert challenges[0].service_epoch == fleet_service.service.kernel.service_epoch


async def test_a_hello_that_was_signed_for_another_connection_is_refused(fleet_service: Fleet) -> None:
    device = Device()
    await fleet_service.enrolled(device)
    first = await fleet_service.connect().expect(Challenge)
    replayed = device.hello(first.nonce, fleet_service.leaf)
    socket = fleet_service.connect()
    await socket.expect(Challenge)
    socket.send(replayed)
    assert await refused(socket) == "bad_signature"


@pytest.mark.parametrize(
    "tamper",
    [
        {"incarnation": dataclasses.replace(LIFE, boot_id="boot-2")},
        {"signature": "00" * 64},
        {"signature": "not hex"},
        {"signature": "ab"},
    ],
)
async def test_a_hello_that_was_tampered_with_is_refused(
    fleet_service: Fleet, tamper: dict[str, object]
) -> None:
    device = Device()
    device_id = await fleet_service.enrolled(device)
    socket = fleet_service.connect()
    challenge = await socket.expect(Challenge)
    socket.send(dataclasses.replace(device.hello(challenge.nonce, fleet_service.leaf), **tamper))  # type: ignore[arg-type]
    assert await refused(socket) == "bad_signature"
    assert not fleet_service.api.hub.connected(device_id)


async def test_a_hello_relayed_through_another_certificate_is_refused(fleet_service: Fleet) -> None:
    device = Device()
    await fleet_service.enrolled(device)
    socket = fleet_service.connect()
    await say_hello(socket, device, b"\0" * 32)
    assert await refused(socket) == "bad_signature"


async def test_the_key_of_another_device_does_not_open_the_channel(fleet_service: Fleet) -> None:
    device, thief = Device(), Device()
    await fleet_service.enrolled(device)
    await fleet_service.enrolled(thief)
    socket = fleet_service.connect()
    await say_hello(socket, thief, fleet_service.leaf, device_uid=device.uid)
    assert await refused(socket) == "bad_signature"


async def test_a_device_nobody_enrolled_is_refused(fleet_service: Fleet) -> None:
    socket = fleet_service.connect()
    await say_hello(socket, Device(), fleet_service.leaf)
    assert await refused(socket) == "unknown_device"


async def test_a_removed_device_is_shut_out_at_once_and_for_good(fleet_service: Fleet) -> None:
    device = Device()
    device_id = await fleet_service.enrolled(device)
    socket, _welcome = await fleet_service.welcomed(device)
    await fleet_service.retire(device_id)
    assert await refused(socket) == "retired"
    assert not fleet_service.api.hub.connected(device_id)
    again = fleet_service.connect()
    await say_hello(again, device, fleet_service.leaf)
    assert await refused(again) == "retired"


async def test_an_agent_of_a_later_time_is_told_which_versions_there_are(fleet_service: Fleet) -> None:
    device = Device()
    await fleet_service.enrolled(device)
    socket = fleet_service.connect()
    await say_hello(socket, device, fleet_service.leaf, wire_versions=(7, 8))
    assert await refused(socket) == "wire_version"


async def test_the_newest_common_version_is_spoken(fleet_service: Fleet) -> None:
    device = Device()
    await fleet_service.enrolled(device)
    socket = fleet_service.connect()
    await say_hello(socket, device, fleet_service.leaf, wire_versions=(1, 2, 99))
    assert (await socket.expect(Welcome)).wire_version == 2


async def test_who_says_nothing_is_sent_away(fleet_service: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handshake, "FIRST_FRAME_S", 0.01)
    socket = fleet_service.connect()
    await socket.expect(Challenge)
    assert await socket.closed() == 1008
    await socket.done()


async def test_who_leaves_during_the_handshake_leaves_nothing_behind(fleet_service: Fleet) -> None:
    device = Device()
    device_id = await fleet_service.enrolled(device)
    before = fleet_service.connect()
    await before.leave()
    after = fleet_service.connect()
    await say_hello(after, device, fleet_service.leaf)
    await after.leave()
    assert not fleet_service.api.hub.connected(device_id)


async def test_the_welcome_carries_what_the_handler_says_about_open_attempts(fleet_service: Fleet) -> None:
    heard: list[tuple[int, Hello, bool]] = []

    async def on_hello(device_id: int, hello: Hello, new: bool) -> HelloAnswer:
        assert not fleet_service.api.hub.connected(device_id)
        heard.append((device_id, hello, new))
        return HelloAnswer((OutputMark("e-1-1", 5, 6),), ("e-0-1",))

    fleet_service.api.on_hello(on_hello)
    device = Device()
    device_id = await fleet_service.enrolled(device)
    attempts = (OpenAttempt("e-1-1", "aa", "running"), OpenAttempt("e-0-1", "bb", "done"))
    _socket, welcome = await fleet_service.welcomed(device, LIFE, *attempts)
    assert welcome.marks == (OutputMark("e-1-1", 5, 6),)
    assert welcome.forget == ("e-0-1",)
    assert [(one[0], one[1].open_attempts, one[2]) for one in heard] == [(device_id, attempts, True)]


async def test_only_another_life_of_the_data_folder_is_a_new_incarnation(fleet_service: Fleet) -> None:
    told: list[bool] = []

    async def on_hello(_device_id: int, _hello: Hello, new: bool) -> HelloAnswer:
        told.append(new)
        return HelloAnswer()

    fleet_service.api.on_hello(on_hello)
    device = Device()
    await fleet_service.enrolled(device)
    rebooted = dataclasses.replace(LIFE, boot_id="boot-2")
    for life in (LIFE, LIFE, rebooted, rebooted):
        socket, _welcome = await fleet_service.welcomed(device, life)
        await socket.leave()
    assert told == [True, False, True, False]


async def test_ready_is_said_after_the_welcome_to_approved_devices_only(fleet_service: Fleet) -> None:
    ready: list[int] = []
    seen = asyncio.Event()

    async def on_ready(device_id: int) -> None:
        assert fleet_service.api.hub.may_work(device_id)
        ready.append(device_id)
        seen.set()

    fleet_service.api.on_ready(on_ready)
    approved, pending = Device(), Device()
    approved_id = await fleet_service.enrolled(approved)
    pending_id = await fleet_service.enrolled(pending, approve=False)
    await fleet_service.welcomed(approved)
    await asyncio.wait_for(seen.wait(), 30)
    socket, _welcome = await fleet_service.welcomed(pending)
    assert ready == [approved_id]
    seen.clear()
    await fleet_service.approve(pending_id)
    assert await socket.expect(AdmissionChanged) == AdmissionChanged("approved")
    await asyncio.wait_for(seen.wait(), 30)
    assert ready == [approved_id, pending_id]


async def test_an_approval_that_overtakes_the_hello_is_not_lost(fleet_service: Fleet) -> None:
    in_handler, go_on = asyncio.Event(), asyncio.Event()
    ready = asyncio.Event()

    async def on_hello(_device_id: int, _hello: Hello, _new: bool) -> HelloAnswer:
        in_handler.set()
        await go_on.wait()
        return HelloAnswer()

    async def on_ready(_device_id: int) -> None:
        ready.set()

    fleet_service.api.on_hello(on_hello)
    fleet_service.api.on_ready(on_ready)
    device = Device()
    device_id = await fleet_service.enrolled(device, approve=False)
    socket = fleet_service.connect()
    await say_hello(socket, device, fleet_service.leaf)
    await in_handler.wait()
    await fleet_service.approve(device_id)
    go_on.set()
    assert (await socket.expect(Welcome)).admission == "approved"
    await asyncio.wait_for(ready.wait(), 30)


async def test_a_removal_that_overtakes_the_hello_shuts_the_device_out(fleet_service: Fleet) -> None:
    in_handler, go_on = asyncio.Event(), asyncio.Event()

    async def on_hello(_device_id: int, _hello: Hello, _new: bool) -> HelloAnswer:
        in_handler.set()
        await go_on.wait()
        return HelloAnswer()

    fleet_service.api.on_hello(on_hello)
    device = Device()
    device_id = await fleet_service.enrolled(device)
    socket = fleet_service.connect()
    await say_hello(socket, device, fleet_service.leaf)
    await in_handler.wait()
    await fleet_service.retire(device_id)
    go_on.set()
    assert await refused(socket) == "retired"
    await socket.done()
    assert not fleet_service.api.hub.connected(device_id)


async def test_an_older_connection_that_is_late_does_not_replace_a_newer_one(fleet_service: Fleet) -> None:
    holds = iter([asyncio.Event(), asyncio.Event()])
    entered: asyncio.Queue[asyncio.Event] = asyncio.Queue()

    async def on_hello(_device_id: int, _hello: Hello, _new: bool) -> HelloAnswer:
        hold = next(holds)
        entered.put_nowait(hold)
        await hold.wait()
        return HelloAnswer()

    fleet_service.api.on_hello(on_hello)
    device = Device()
    device_id = await fleet_service.enrolled(device)
    sockets: list[AgentSocket] = []
    gates: list[asyncio.Event] = []
    for _ in range(2):
        sockets.append(fleet_service.connect())
        await say_hello(sockets[-1], device, fleet_service.leaf)
        gates.append(await entered.get())
    older, newer = sockets
    gates[1].set()
    await newer.expect(Welcome)
    gates[0].set()
    assert await older.closed() == 1012
    await older.done()
    assert fleet_service.api.hub.connected(device_id)
    assert newer.nothing_waits()


async def test_a_life_with_unprintable_parts_is_refused(fleet_service: Fleet) -> None:
    device = Device()
    await fleet_service.enrolled(device)
    for part in ("", "a\nb", "x" * 101, "é"):
        socket = fleet_service.connect()
        await say_hello(socket, device, fleet_service.leaf, Incarnation(part, "f", "b"))
        assert await socket.closed() == 1008
