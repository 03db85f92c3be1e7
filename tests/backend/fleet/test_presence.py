"""Contact: online, late, offline, by a clock that only the test moves."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.wire.messages import Heartbeat, Metrics
from backend_lite.contract.fleet import ONLINE_FOR_S, WARNING_FOR_S, Admission
from backend_lite.core.db.database import Database
from backend_lite.core.events.bus import Changed, MemoryBus
from backend_lite.core.events.outbox import Outbox
from backend_lite.features.fleet.devices import Devices
from backend_lite.features.fleet.presence import Presence
from tests.backend.fleet.conftest import Fleet
from tests.helpers.agents import FACTS, METRICS, Device
from tests.helpers.clock import ManualClock

pytestmark = pytest.mark.anyio


@dataclass
class Watched:
    """Presence on a database, with what it tells consoles."""

    database: Database
    bus: MemoryBus
    clock: ManualClock
    presence: Presence = field(init=False)
    told: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bus.subscribe(Changed, lambda event: self.told.append(event.change))
        self.restart()

    def restart(self) -> None:
        """The service starts anew."""
        self.presence = Presence(self.database, self.bus, self.clock)
        self.devices = Devices(self.clock, Outbox(self.database, self.bus, self.clock), self.presence)

    def live_on(self, seconds: int) -> None:
        """Let so many seconds pass with the service awake."""
        for _ in range(seconds):
            self.clock.advance(1)
            self.presence.sweep()

    async def device(self) -> int:
        key = Device().public_key
        known = await self.database.write(
            lambda unit: self.devices.enlist(unit, key, FACTS, Admission.APPROVED, "10.0.0.5")
        )
        self.told.clear()
        return known.id

    async def seen(self, device_id: int) -> dict[str, Any]:
        device = await self.database.read(lambda session: self.devices.get(session, device_id))
        plain: dict[str, Any] = msgspec.to_builtins(device)
        return plain

    async def contact(self, device_id: int) -> str:
        found = await self.seen(device_id)
        assert found["status"] == found["contact"]
        return str(found["contact"])

    def taken(self) -> list[dict[str, Any]]:
        taken, self.told[:] = list(self.told), []
        return taken


@pytest.fixture
async def watched(tmp_path: Path, migrated: Path) -> AsyncIterator[Watched]:
    path = tmp_path / "a.db"
    shutil.copyfile(migrated, path)
    bus = MemoryBus()
    database = Database(path, bus.publish)
    yield Watched(database, bus, ManualClock())
    database.close()


async def test_before_the_first_contact_the_status_is_unknown(watched: Watched) -> None:
    device_id = await watched.device()
    found = await watched.seen(device_id)
    assert (found["status"], found["contact"], found["connected"]) == ("unknown", "offline", False)
    assert found["last_check_in"] is None


async def test_an_open_channel_is_online_however_long_it_is_silent(watched: Watched) -> None:
    device_id = await watched.device()
    watched.presence.opened(device_id)
    watched.live_on(200)
    assert await watched.contact(device_id) == "online"
    assert [one["connected"] for one in watched.taken()] == [True]


async def test_a_closed_channel_fades_to_late_and_to_offline(watched: Watched) -> None:
    device_id = await watched.device()
    watched.live_on(WARNING_FOR_S)
    watched.presence.opened(device_id)
    watched.presence.closed(device_id)
    watched.taken()
    faded: list[tuple[int, str]] = []
    for second in range(1, 100):
        watched.live_on(1)
        faded += [(second, one["contact"]) for one in watched.taken()]
    assert faded == [(ONLINE_FOR_S, "warning"), (WARNING_FOR_S, "offline")]
    assert await watched.contact(device_id) == "offline"


async def test_contact_is_counted_from_the_last_frame(watched: Watched) -> None:
    device_id = await watched.device()
    watched.presence.opened(device_id)
    watched.clock.advance(30)
    watched.presence.heard(device_id, watched.clock.monotonic())
    watched.clock.advance(30)
    watched.presence.closed(device_id)
    watched.presence.sweep()
    assert await watched.contact(device_id) == "online"
    assert (await watched.seen(device_id))["last_check_in"] == "2027-01-15T08:00:30.000Z"


async def test_a_clock_that_is_set_changes_nobodys_contact(watched: Watched) -> None:
    device_id = await watched.device()
    watched.presence.opened(device_id)
    watched.presence.closed(device_id)
    watched.clock.set_wall(watched.clock.now_ms() + 86_400_000)
    watched.presence.sweep()
    assert await watched.contact(device_id) == "online"


async def test_heartbeats_are_told_bundled_and_carry_only_what_changes(watched: Watched) -> None:
    device_id = await watched.device()
    watched.presence.opened(device_id)
    watched.taken()
    for cpu in (1.0, 2.0, 3.0):
        watched.presence.measured(device_id, Metrics(cpu, 1, 2, 3, 4, 5))
    watched.presence.sweep()
    (told,) = watched.taken()
    assert set(told) == {"metrics", "last_check_in", "contact", "status", "connected"}
    assert told["metrics"]["cpu_percent"] == 3.0
    watched.presence.sweep()
    assert watched.taken() == []


async def test_heartbeats_write_nothing_until_the_flush(watched: Watched) -> None:
    device_id = await watched.device()
    watched.presence.opened(device_id)
    watched.presence.measured(device_id, METRICS)
    watched.presence.sweep()
    assert (
        await watched.database.read(lambda session: watched.devices.get(session, device_id).metrics)
        == METRICS
    )
    watched.restart()
    assert (await watched.seen(device_id))["metrics"] is None


async def test_a_flush_keeps_contact_and_the_last_metrics(watched: Watched) -> None:
    device_id = await watched.device()
    watched.presence.opened(device_id)
    watched.presence.measured(device_id, METRICS)
    watched.presence.sweep()
    await watched.presence.flush()
    watched.restart()
    await watched.presence.load()
    watched.presence.opened(device_id)
    await watched.presence.flush()
    found = await watched.seen(device_id)
    assert found["metrics"] == msgspec.to_builtins(METRICS)
    assert found["last_check_in"] == "2027-01-15T08:00:00.000Z"


async def test_after_a_start_nobody_is_offline_before_there_was_time_to_come_back(watched: Watched) -> None:
    """The service was off for ten minutes; a device had been in contact until then."""
    device_id, long_gone = await watched.device(), await watched.device()
    for each in (device_id, long_gone):
        watched.presence.opened(each)
    watched.presence.closed(long_gone)
    watched.live_on(200)
    watched.presence.heard(device_id, watched.clock.monotonic())
    await watched.presence.flush()
    watched.clock.advance(600)
    watched.restart()
    await watched.presence.load()
    assert await watched.contact(device_id) == "warning"
    assert await watched.contact(long_gone) == "offline"
    watched.live_on(WARNING_FOR_S - 1)
    assert await watched.contact(device_id) == "warning"
    watched.live_on(1)
    assert await watched.contact(device_id) == "offline"


async def test_after_a_short_restart_nobody_looks_away(watched: Watched) -> None:
    device_id = await watched.device()
    watched.presence.opened(device_id)
    await watched.presence.flush()
    watched.clock.advance(5)
    watched.restart()
    await watched.presence.load()
    found = await watched.seen(device_id)
    assert (found["contact"], found["connected"]) == ("online", False)


async def test_after_the_services_own_sleep_nobody_is_offline_at_once(watched: Watched) -> None:
    """On systems whose monotonic clock goes on while the machine sleeps."""
    device_id = await watched.device()
    watched.live_on(WARNING_FOR_S)
    watched.presence.opened(device_id)
    watched.presence.sweep()
    watched.clock.advance(3600)
    watched.presence.closed(device_id)
    watched.presence.sweep()
    assert await watched.contact(device_id) == "warning"
    watched.live_on(WARNING_FOR_S)
    assert await watched.contact(device_id) == "offline"


async def test_who_comes_back_in_time_was_never_offline(watched: Watched) -> None:
    device_id = await watched.device()
    watched.presence.opened(device_id)
    await watched.presence.flush()
    watched.clock.advance(600)
    watched.restart()
    await watched.presence.load()
    watched.clock.advance(20)
    watched.presence.opened(device_id)
    watched.taken()
    watched.live_on(300)
    assert await watched.contact(device_id) == "online"
    assert watched.taken() == []


async def test_the_offline_are_forgotten_once_they_are_saved(watched: Watched) -> None:
    device_id = await watched.device()
    watched.live_on(WARNING_FOR_S)
    watched.presence.opened(device_id)
    watched.presence.measured(device_id, METRICS)
    watched.presence.closed(device_id)
    watched.live_on(WARNING_FOR_S)
    before = await watched.seen(device_id)
    await watched.presence.flush()
    assert watched.presence.view(device_id) is None
    assert await watched.seen(device_id) == before
    assert before["contact"] == "offline"


async def test_a_removed_device_is_not_spoken_of_again(watched: Watched) -> None:
    device_id = await watched.device()
    watched.presence.opened(device_id)
    watched.presence.measured(device_id, METRICS)
    watched.presence.forget(device_id)
    watched.taken()
    watched.presence.heard(device_id, watched.clock.monotonic())
    watched.presence.measured(device_id, METRICS)
    watched.presence.closed(device_id)
    watched.presence.sweep()
    await watched.presence.flush()
    assert watched.taken() == []


async def test_a_flush_that_fails_is_made_up_for_by_the_next(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    device_id = await watched.device()
    watched.presence.opened(device_id)

    async def full(_work: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(watched.database, "write", full)
        with pytest.raises(OSError, match="disk full"):
            await watched.presence.flush()
        await watched.presence.stop()
    await watched.presence.flush()
    watched.restart()
    assert (await watched.seen(device_id))["last_check_in"] == "2027-01-15T08:00:00.000Z"


async def test_heartbeats_of_a_channel_show_in_the_device(fleet_service: Fleet) -> None:
    device = Device()
    device_id = await fleet_service.enrolled(device)
    socket, _welcome = await fleet_service.welcomed(device)
    assert (await fleet_service.get(device_id))["connected"] is True
    told = asyncio.Event()

    def on_change(event: Changed) -> None:
        if event.change and event.change.get("metrics"):
            told.set()

    fleet_service.service.kernel.bus.subscribe(Changed, on_change)
    start = fleet_service.service.feature("fleet").start
    assert start is not None
    await start()
    socket.send(Heartbeat(Metrics(99.0, 10**30, -(10**30), 1, 1, 1)))
    await asyncio.wait_for(told.wait(), 30)
    found = await fleet_service.get(device_id)
    assert found["metrics"]["memory_used"] == 2**53
    assert found["metrics"]["memory_total"] == -(2**53)
    assert found["contact"] == "online"
    await socket.leave()
    assert (await fleet_service.get(device_id))["connected"] is False
