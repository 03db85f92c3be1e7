"""Everything that was ever run on a device."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from pytestqt.qtbot import QtBot

from backend_lite.contract.live import LIVE_ENDED_RUNS
from backend_lite.contract.runs import RUNS
from console.features.fleet.device_page import DevicePage
from console.features.fleet.watch import FleetWatch
from console.widgets.confirm import ConfirmDialog
from tests.console import objects
from tests.console.conftest import World
from tests.console.trips import Trips
from tests.helpers.names import unnamed
from tests.helpers.waiting import until

Run = Callable[[Any], Any]
OTHERS = [objects.run(n, device_id=2) for n in range(1000, 1000 + LIVE_ENDED_RUNS - 1)]


@pytest.fixture
def trips(world: World, monkeypatch: pytest.MonkeyPatch) -> Trips:
    return Trips(world, monkeypatch)


@pytest.fixture
def page(world: World, trips: Trips, run: Run, qtbot: QtBot) -> DevicePage:
    made = DevicePage(world.context, FleetWatch(world.context.live))
    qtbot.addWidget(made)
    made.resize(1000, 600)
    made.show()

    async def story() -> None:
        mine = objects.run(2000, "running", device_id=1)
        await world.go_live(device=[objects.device(1), objects.device(2)], run=[*OTHERS, mine])
        made.show_target("1")

    run(story())
    return made


def ids(page: DevicePage) -> list[int]:
    return [item["id"] for item in page.runs.list.table.model_.shown_objects()]


def test_the_audit_of_the_device_is_one_press_away(page: DevicePage, trips: Trips) -> None:
    page.history.click()
    assert trips.opened == [("audit", "device/1")]


def test_older_runs_are_read_when_somebody_looks(page: DevicePage, world: World, run: Run) -> None:
    def answer(request: httpx.Request) -> tuple[int, Any]:
        older = "cursor" in request.url.params
        items = [objects.run(5 if older else 7, "failed")]
        return 200, {"items": items, "next": None if older else "c"}

    world.api.answers[f"GET {RUNS}"] = answer

    async def story() -> None:
        assert ids(page) == [2000]
        assert world.api.calls() == []
        page.tabs.setCurrentIndex(2)
        await until(lambda: ids(page) == [2000, 7])
        page.runs.list.older.click()
        await until(lambda: ids(page) == [2000, 7, 5])

    run(story())
    assert {request.url.params["device_id"] for request in world.api.requests} == {"1"}
    assert unnamed(page) == []


def test_a_run_is_opened_and_done_again(page: DevicePage, world: World, trips: Trips, run: Run) -> None:
    again = objects.rollout(9) | {"run_ids": [41]}
    world.api.answers[f"POST {RUNS}/2000/rerun"] = (201, again)
    world.api.answers[f"GET {RUNS}"] = (200, {"items": [], "next": None})

    async def story() -> None:
        page.tabs.setCurrentIndex(2)
        world.live.change(2, "run", 2000, objects.run(2000, "failed"))
        await until(lambda: page.runs.list.known[2000]["state"] == "failed")
        page.runs.list.table.model_.settle()
        page.runs.list.table.select([2000])
        page.runs.list.table.opened.emit(2000)
        page.runs.list.again.click()
        page.findChildren(ConfirmDialog)[-1].buttons["yes"].click()
        await until(lambda: trips.opened == [("run", "2000"), ("run", "41")])

    run(story())


def test_another_device_begins_anew(page: DevicePage, world: World, run: Run) -> None:
    world.api.answers[f"GET {RUNS}"] = (200, {"items": [], "next": None})

    async def story() -> None:
        page.tabs.setCurrentIndex(2)
        page.show_target("2")

    run(story())
    assert page.tabs.currentIndex() == 0
    assert len(ids(page)) == len(OTHERS)
