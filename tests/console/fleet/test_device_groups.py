"""What groups a device is in, and what pauses work on it."""

from collections.abc import Callable
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from backend_lite.contract.fleet import DEVICES
from backend_lite.contract.pauses import PAUSES
from console.core.pause_request import PAUSE_DIALOG, PauseRequest
from console.features.fleet.device_page import DevicePage
from console.features.fleet.watch import FleetWatch
from console.widgets.confirm import ConfirmDialog
from tests.console import objects
from tests.console.conftest import World
from tests.console.fleet.groups import group, pause
from tests.console.trips import Trips
from tests.helpers.names import unnamed
from tests.helpers.waiting import until

Run = Callable[[Any], Any]
LAB, LINUX = group(1, "Lab"), group(2, "R&D", query="os:linux")
OF_ONE = f"GET {DEVICES}/1/groups"


@pytest.fixture
def trips(world: World, monkeypatch: pytest.MonkeyPatch) -> Trips:
    return Trips(world, monkeypatch)


@pytest.fixture
def page(world: World, trips: Trips, run: Run, qtbot: QtBot) -> DevicePage:
    made = DevicePage(world.context, FleetWatch(world.context.live))
    qtbot.addWidget(made)
    made.resize(1000, 700)
    made.show()
    world.api.answers[OF_ONE] = (200, [LAB, LINUX])
    world.api.answers[f"GET {DEVICES}/2/groups"] = (200, [])

    async def story() -> None:
        fleet = [objects.device(1, "lab-1"), objects.device(2, "lab-2")]
        await world.go_live(device=fleet, group=[LAB, LINUX], pause=[])
        made.show_target("1")
        await until(lambda: len(made.groups.links) == 2, "the groups")

    run(story())
    return made


def test_its_groups_are_shown_and_opened(page: DevicePage, trips: Trips, run: Run) -> None:
    page.groups.links[1].click()
    assert trips.opened == [("group", "2")]
    assert [link.text() for link in page.groups.links] == ["Lab", "R&&D"]
    assert unnamed(page) == []

    async def story() -> None:
        page.show_target("2")
        await until(page.groups.none.isVisible, "no groups")

    run(story())
    assert page.groups.links == []


def test_news_of_groups_are_asked_about(page: DevicePage, world: World, run: Run) -> None:
    world.api.answers[OF_ONE] = (200, [LINUX])

    async def story() -> None:
        world.live.change(2, "group", 1, {"version": 2})
        await until(lambda: page.groups.ids == [2], "the groups")

    run(story())


def test_a_pause_of_its_own_is_ended_at_once(page: DevicePage, world: World, trips: Trips, run: Run) -> None:
    world.api.answers[f"DELETE {PAUSES}/5"] = (204, None)
    page.pause.button.click()
    assert trips.asked == [(PAUSE_DIALOG, PauseRequest((1,)))]

    async def story() -> None:
        world.live.change(2, "pause", 5, pause(5, "device", 1, "lab-1"))
        world.live.change(3, "pause", 6, pause(6, "device", 2, "lab-2"))
        await until(page.pause.badge.isVisible, "the pause")
        assert page.sentence.text().endswith("Work on lab-1 is paused since 08:00 by owner: Inventory")
        page.pause.button.click()
        await until(lambda: f"DELETE {PAUSES}/5" in world.api.calls(), "its end")
        world.live.change(4, "pause", 5, None)
        await until(lambda: not page.pause.badge.isVisible(), "the news")

    run(story())
    assert page.pause.button.text() == "Pause work…"


def test_a_pause_of_its_group_holds_here_and_is_asked_about(page: DevicePage, world: World, run: Run) -> None:
    world.api.answers[f"DELETE {PAUSES}/5"] = (204, None)

    async def story() -> None:
        world.live.change(2, "pause", 5, pause(5))
        world.live.change(3, "pause", 6, pause(6, "group", 9, "Others"))
        await until(page.pause.badge.isVisible, "the pause")
        page.pause.button.click()
        question = page.findChildren(ConfirmDialog)[-1]
        assert question.windowTitle() == "Resume work on the group “Lab”?"
        question.buttons["yes"].click()
        await until(lambda: f"DELETE {PAUSES}/5" in world.api.calls(), "its end")

    run(story())
    assert f"DELETE {PAUSES}/6" not in world.api.calls()
