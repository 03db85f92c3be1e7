"""What devices were doing: sampled, kept by the day, read as means."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.wire.messages import Heartbeat, Metrics
from backend_lite.contract.fleet import DEVICES
from backend_lite.features.fleet.metric_bytes import SLOTS, packed, placed, points_of
from backend_lite.features.fleet.metric_history import MetricHistories
from backend_lite.features.fleet.tables import MetricDayRow
from tests.backend.fleet.conftest import Fleet
from tests.backend.fleet.test_devices import call
from tests.helpers.agents import METRICS, AgentSocket, Device
from tests.helpers.waiting import until

pytestmark = pytest.mark.anyio

NONE = bytes([255] * 3)


def test_a_sample_is_three_bytes_and_garbage_stays_within_them() -> None:
    assert packed(Metrics(12.4, 1, 4, 1, 2, 0)) == bytes([25, 50, 100])
    assert packed(Metrics(-5.0, 9, 3, 1, 0, 0)) == bytes([0, 200, 255])


@given(st.dictionaries(st.integers(0, SLOTS - 1), st.binary(min_size=3, max_size=3), max_size=12))
def test_every_sample_is_in_its_place_whatever_the_order(wanted: dict[int, bytes]) -> None:
    samples = b""
    for slot, sample in wanted.items():
        samples = placed(placed(samples, slot, NONE), slot, sample)
    for slot in range(SLOTS):
        assert samples[slot * 3 : slot * 3 + 3] in ((wanted.get(slot, NONE)), b"")
    assert len(samples) == (max(wanted) + 1) * 3 if wanted else samples == b""


def test_points_are_means_of_what_was_heard() -> None:
    day = placed(placed(placed(b"", 0, bytes([20, 0, 255])), 1, NONE), 2, bytes([40, 100, 255]))
    points = points_of({7: [day, bytes([60])]}, 7 * SLOTS, 7 * SLOTS + 4, 3)
    assert [(point.cpu, point.memory, point.disk) for point in points] == [
        (20.0, 25.0, None),
        (None, None, None),
    ]
    assert points[1].at == "1970-01-08T00:15:00.000Z"


async def beating(fleet: Fleet, metrics: Metrics, device: Device | None = None) -> tuple[int, AgentSocket]:
    """A connected device that said this; its id."""
    device = device or Device()
    device_id = await fleet.enrolled(device)
    socket, _ = await fleet.welcomed(device)
    socket.send(Heartbeat(metrics))
    presence = fleet.api._devices._presence
    await until(lambda: (seen := presence.view(device_id)) and seen.metrics, "metrics")
    return device_id, socket


def histories(fleet: Fleet) -> MetricHistories:
    kernel = fleet.service.kernel
    return MetricHistories(kernel.database, kernel.clock, fleet.api._devices._presence)


async def test_the_history_has_a_point_for_every_five_minutes(fleet_service: Fleet) -> None:
    device_id, _socket = await beating(fleet_service, METRICS)
    recorder, clock = histories(fleet_service), fleet_service.service.clock
    await recorder.sample()
    clock.advance(600)
    await recorder.sample()
    found = await call(fleet_service, "GET", f"{DEVICES}/{device_id}/metrics?hours=1")
    assert found["step_s"] == 300
    assert len(found["points"]) == 12
    assert found["points"][-3:] == [
        ["2027-01-15T08:00:00.000Z", 12.5, 12.5, 10.0],
        ["2027-01-15T08:05:00.000Z", None, None, None],
        ["2027-01-15T08:10:00.000Z", 12.5, 12.5, 10.0],
    ]
    month = await call(fleet_service, "GET", f"{DEVICES}/{device_id}/metrics?hours=720")
    assert len(month["points"]) <= 400
    assert month["points"][-1][1:] == [12.5, 12.5, 10.0]


async def test_who_is_not_there_leaves_a_gap(fleet_service: Fleet) -> None:
    device_id, socket = await beating(fleet_service, METRICS)
    await socket.leave()
    fleet_service.service.clock.advance(90)
    fleet_service.api._devices._presence.sweep()
    await histories(fleet_service).sample()
    found = await call(fleet_service, "GET", f"{DEVICES}/{device_id}/metrics")
    assert all(cpu is None for _at, cpu, _memory, _disk in found["points"])


async def test_the_history_of_the_former_self_is_the_own(fleet_service: Fleet) -> None:
    former, socket = await beating(fleet_service, METRICS)
    await histories(fleet_service).sample()
    await socket.leave()
    fleet_service.service.clock.advance(300)
    fleet_service.api._devices._presence.sweep()
    device_id, _socket = await beating(fleet_service, dataclasses.replace(METRICS, cpu_percent=50.0))
    await histories(fleet_service).sample()
    await call(fleet_service, "POST", f"{DEVICES}/{device_id}/merge", json={"replaces_id": former})
    found = await call(fleet_service, "GET", f"{DEVICES}/{device_id}/metrics?hours=1")
    assert [point[1] for point in found["points"][-2:]] == [12.5, 50.0]


async def test_what_is_older_than_a_month_goes(fleet_service: Fleet) -> None:
    _id, _socket = await beating(fleet_service, METRICS)
    recorder, clock = histories(fleet_service), fleet_service.service.clock
    for _ in range(33):
        await recorder.sample()
        clock.advance(86_400)
    await recorder.clear()
    database = fleet_service.service.kernel.database
    days = await database.read(lambda s: [row.day for row in s.query(MetricDayRow).all()])
    today = clock.now_ms() // 86_400_000
    assert min(days) == today - 30
    assert len(days) == 30


@pytest.mark.parametrize("hours", [0, 721, -1])
async def test_only_so_far_back(fleet_service: Fleet, hours: int) -> None:
    device_id = await fleet_service.enrolled(Device())
    problem = await call(fleet_service, "GET", f"{DEVICES}/{device_id}/metrics?hours={hours}", 400)
    assert "720" in problem["detail"]
    await call(fleet_service, "GET", f"{DEVICES}/999/metrics", 404)
