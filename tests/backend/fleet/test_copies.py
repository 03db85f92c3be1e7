"""Copies of a device, found out by the lives of its agent's data folder."""

import asyncio
import dataclasses

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from agent.wire.messages import AdmissionChanged, Done, Hello, Incarnation, Permit, Receipt, Welcome
from backend_lite.core.events.bus import SendToDevice
from backend_lite.features.fleet import handshake, incarnations
from backend_lite.features.fleet.api import HelloAnswer
from backend_lite.features.fleet.tables import IncarnationRow
from tests.backend.fleet.conftest import Fleet
from tests.helpers.agents import LIFE, AgentSocket, Device, refused, say_hello

pytestmark = pytest.mark.anyio

OTHER = Incarnation("epoch-2", "2049:99", "boot-1")
REBOOTED = dataclasses.replace(LIFE, boot_id="boot-2")
DONE = Done("e-1-1", "aa", "exited", 0, 1, 1, 2, 0, 0, "", "", 0, 0)


async def quarantined(fleet: Fleet, device_id: int) -> str:
    """The reason; fails when the device is not quarantined."""
    found = await fleet.get(device_id)
    assert found["admission"] == "quarantined"
    return str(found["quarantine_reason"])


async def test_two_copies_that_are_connected_at_once_are_quarantined(fleet_service: Fleet) -> None:
    device = Device()
    device_id = await fleet_service.enrolled(device)
    first, _welcome = await fleet_service.welcomed(device)
    second = fleet_service.connect("10.0.0.99")
    await say_hello(second, device, fleet_service.leaf, OTHER)
    assert (await second.expect(Welcome)).admission == "quarantined"
    # The probe, which changes nothing, and then the news.
    assert await first.expect(AdmissionChanged) == AdmissionChanged("approved")
    assert await first.expect(AdmissionChanged) == AdmissionChanged("quarantined")
    reason = await quarantined(fleet_service, device_id)
    assert "10.0.0.5" in reason
    assert "10.0.0.99" in reason
    assert not fleet_service.api.hub.may_work(device_id)


async def test_while_quarantined_results_are_taken_from_both_and_permits_from_none(
    fleet_service: Fleet,
) -> None:
    heard: asyncio.Queue[object] = asyncio.Queue()

    async def on_message(_device_id: int, message: object) -> None:
        heard.put_nowait(message)

    fleet_service.api.on_message(Done, on_message)
    fleet_service.api.on_message(Permit, on_message)
    device = Device()
    device_id = await fleet_service.enrolled(device)
    first, _welcome = await fleet_service.welcomed(device)
    second, _welcome = await fleet_service.welcomed(device, OTHER)
    for _ in range(2):
        await first.expect(AdmissionChanged)
    for socket in (first, second):
        socket.send(Permit("e-2-1", "bb"))
        socket.send(DONE)
        assert await heard.get() == DONE
    assert heard.empty()
    fleet_service.service.kernel.bus.publish([SendToDevice(device_id, Receipt("e-1-1"))])
    assert await first.expect(Receipt) == await second.expect(Receipt)


async def test_a_life_that_was_left_and_comes_back_is_quarantined(fleet_service: Fleet) -> None:
    device = Device()
    device_id = await fleet_service.enrolled(device)
    for life in (LIFE, REBOOTED):
        socket, welcome = await fleet_service.welcomed(device, life)
        assert welcome.admission == "approved"
        await socket.leave()
    _socket, welcome = await fleet_service.welcomed(device, LIFE)
    assert welcome.admission == "quarantined"
    assert "snapshot" in await quarantined(fleet_service, device_id)


async def test_a_quarantined_life_presumes_nothing_about_open_attempts(fleet_service: Fleet) -> None:
    told: list[bool] = []

    async def on_hello(_device_id: int, _hello: Hello, new: bool) -> HelloAnswer:
        told.append(new)
        return HelloAnswer()

    fleet_service.api.on_hello(on_hello)
    device = Device()
    await fleet_service.enrolled(device)
    _first, _welcome = await fleet_service.welcomed(device)
    await fleet_service.welcomed(device, OTHER)
    assert told == [True, False]


async def test_a_half_open_connection_of_before_a_reset_is_no_copy(fleet_service: Fleet) -> None:
    device = Device()
    device_id = await fleet_service.enrolled(device)
    old, _welcome = await fleet_service.welcomed(device)
    new = fleet_service.connect()
    await say_hello(new, device, fleet_service.leaf, REBOOTED)
    # The device's system answers for a connection it knows nothing of, as soon as something is sent to it.
    await old.expect(AdmissionChanged)
    await old.leave()
    assert (await new.expect(Welcome)).admission == "approved"
    assert fleet_service.api.hub.may_work(device_id)


async def test_a_connection_silent_for_long_is_no_copy_either(fleet_service: Fleet) -> None:
    device = Device()
    device_id = await fleet_service.enrolled(device)
    old, _welcome = await fleet_service.welcomed(device)
    fleet_service.service.clock.advance(handshake.ALIVE_S + 1)
    _new, welcome = await fleet_service.welcomed(device, REBOOTED)
    assert welcome.admission == "approved"
    assert await refused(old) == "replaced"
    assert fleet_service.api.hub.may_work(device_id)


async def test_no_question_of_a_former_life_is_heard_once_the_new_one_has_said_hello(
    fleet_service: Fleet,
) -> None:
    """It would get a permit after what is lost was counted, and nobody would ever miss it."""
    heard: list[object] = []

    async def on_permit(_device_id: int, message: object) -> None:
        heard.append(message)

    async def on_hello(_device_id: int, hello: Hello, _new: bool) -> HelloAnswer:
        if hello.incarnation == REBOOTED:
            old.send(Permit("e-1-1", "aa"))
            for _ in range(20):
                await asyncio.sleep(0)
        return HelloAnswer()

    fleet_service.api.on_hello(on_hello)
    fleet_service.api.on_message(Permit, on_permit)
    device = Device()
    await fleet_service.enrolled(device)
    old, _welcome = await fleet_service.welcomed(device)
    fleet_service.service.clock.advance(handshake.ALIVE_S + 1)
    _new, welcome = await fleet_service.welcomed(device, REBOOTED)
    assert welcome.admission == "approved"
    assert heard == []


async def test_the_same_life_on_a_new_connection_replaces_the_old_one(fleet_service: Fleet) -> None:
    device = Device()
    device_id = await fleet_service.enrolled(device)
    old, _welcome = await fleet_service.welcomed(device)
    before = len(fleet_service.changes)
    _new, welcome = await fleet_service.welcomed(device)
    assert welcome.admission == "approved"
    assert await refused(old) == "replaced"
    await old.done()
    assert fleet_service.api.hub.may_work(device_id)
    said = [change.change for change in fleet_service.changes[before:]]
    assert said
    assert all(change and change.get("connected", True) for change in said)


async def test_a_released_device_goes_on_with_the_copy_that_comes_back(fleet_service: Fleet) -> None:
    device = Device()
    device_id = await fleet_service.enrolled(device)
    first, _welcome = await fleet_service.welcomed(device)
    second, _welcome = await fleet_service.welcomed(device, OTHER)
    for _ in range(2):
        await first.expect(AdmissionChanged)
    approved = await fleet_service.approve(device_id)
    assert (approved["admission"], approved["quarantine_reason"]) == ("approved", None)
    for socket in (first, second):
        assert await socket.closed() == 1012
        await socket.done()
    _socket, welcome = await fleet_service.welcomed(device, LIFE)
    assert welcome.admission == "approved"
    assert fleet_service.api.hub.may_work(device_id)


async def test_a_released_device_is_quarantined_again_when_both_copies_come_back(
    fleet_service: Fleet,
) -> None:
    told: list[bool] = []

    async def on_hello(_device_id: int, _hello: Hello, new: bool) -> HelloAnswer:
        told.append(new)
        return HelloAnswer()

    device = Device()
    device_id = await fleet_service.enrolled(device)
    await fleet_service.welcomed(device)
    await fleet_service.welcomed(device, OTHER)
    await fleet_service.approve(device_id)
    fleet_service.api.on_hello(on_hello)
    _first, welcome = await fleet_service.welcomed(device, OTHER)
    assert welcome.admission == "approved"
    _second, welcome = await fleet_service.welcomed(device, LIFE)
    assert welcome.admission == "quarantined"
    # A person decided, so what the other copy was permitted is lost; the second time nobody did yet.
    assert told == [True, False]
    assert await quarantined(fleet_service, device_id)


async def test_a_quarantine_outlives_connections(fleet_service: Fleet) -> None:
    device = Device()
    device_id = await fleet_service.enrolled(device)
    sockets: list[AgentSocket] = []
    for life in (LIFE, OTHER):
        socket, _welcome = await fleet_service.welcomed(device, life)
        sockets.append(socket)
    for socket in sockets:
        await socket.leave()
    _socket, welcome = await fleet_service.welcomed(device, OTHER)
    assert welcome.admission == "quarantined"
    assert await quarantined(fleet_service, device_id)


async def test_only_the_newest_lives_of_a_device_are_remembered(
    fleet_service: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incarnations, "KEPT", 3)
    claiming, other = Device(), Device()
    claiming_id = await fleet_service.enrolled(claiming)
    other_id = await fleet_service.enrolled(other)
    await (await fleet_service.welcomed(other))[0].leave()
    lives = [dataclasses.replace(LIFE, boot_id=f"boot-{n}") for n in range(5)]
    for life in lives:
        await (await fleet_service.welcomed(claiming, life))[0].leave()

    def boots(session: Session) -> dict[int, list[str]]:
        rows = session.execute(select(IncarnationRow.device_id, IncarnationRow.boot_id).order_by("id"))
        found: dict[int, list[str]] = {}
        for device_id, boot_id in rows:
            found.setdefault(device_id, []).append(boot_id)
        return found

    kept = await fleet_service.service.kernel.database.read(boots)
    assert kept == {other_id: [LIFE.boot_id], claiming_id: ["boot-2", "boot-3", "boot-4"]}
    _socket, welcome = await fleet_service.welcomed(claiming, lives[2])
    assert welcome.admission == "quarantined"
