"""The list of groups."""

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from backend_lite.contract.fleet import GROUPS
from backend_lite.contract.pauses import PAUSES
from console.core.pause_request import PAUSE_DIALOG, PauseRequest
from console.core.run_request import RUN_DIALOG, RunRequest
from console.features.fleet.groups_page import GroupsPage, describe
from console.widgets.confirm import ConfirmDialog
from tests.console.conftest import World
from tests.console.fleet.groups import GroupService, group, pause
from tests.console.trips import Trips
from tests.helpers.names import unnamed
from tests.helpers.waiting import until

Run = Callable[[Any], Any]
LAB = group(1, "Lab", device_count=2, description="Room 4")
OLD = group(2, "Old ones", query="seen>3d")


@pytest.fixture
def trips(world: World, monkeypatch: pytest.MonkeyPatch) -> Trips:
    return Trips(world, monkeypatch)


@pytest.fixture
def service(world: World) -> GroupService:
    return GroupService(world.api, LAB, OLD, members={1: [1, 2]})


@pytest.fixture
def page(world: World, service: GroupService, trips: Trips, run: Run, qtbot: QtBot) -> GroupsPage:
    made = GroupsPage(world.context)
    qtbot.addWidget(made)
    made.resize(1000, 500)

    async def story() -> None:
        await world.go_live(group=[LAB, OLD], pause=[pause(5)])
        await until(lambda: made.table.model_.total == 2, "the groups")

    run(story())
    return made


def names(page: GroupsPage) -> list[str]:
    return [item["name"] for item in page.table.model_.shown_objects()]


def cells(page: GroupsPage, key: str) -> list[str]:
    column = next(column for column in page.table.model_.columns if column.key == key)
    return [column.text(item) for item in page.table.model_.shown_objects()]


def test_groups_are_listed_with_their_kind_size_and_pause(page: GroupsPage) -> None:
    assert names(page) == ["Lab", "Old ones"]
    assert cells(page, "kind") == ["Named devices", "seen>3d"]
    assert cells(page, "count") == ["2", "0"]
    assert cells(page, "paused") == ["Paused", ""]
    assert describe(LAB) == ("Lab", "Group · 2 devices")
    assert unnamed(page) == []


def test_what_queries_find_is_asked_for_when_somebody_looks(
    page: GroupsPage, service: GroupService, world: World, run: Run
) -> None:
    service.groups[2]["device_count"] = 7

    async def story() -> None:
        page.show()
        await until(lambda: cells(page, "count") == ["2", "7"], "the counts")
        world.live.change(2, "group", 1, {"device_count": 3, "version": 2})
        await until(lambda: cells(page, "count") == ["3", "7"], "the news")

    run(story())


def test_chips_part_the_kinds(page: GroupsPage) -> None:
    for choice, shown in (("named", ["Lab"]), ("query", ["Old ones"]), ("paused", ["Lab"])):
        page.filter.choose(choice)
        assert names(page) == shown


def test_a_group_is_run_on_paused_and_opened(page: GroupsPage, trips: Trips) -> None:
    assert not page.run.isEnabled()
    page.table.select([2])
    page.run.click()
    menu = QMenu()
    page._fill_menu(menu)
    titles = {action.text(): action for action in menu.actions()}
    titles["Pause work on this group…"].trigger()
    assert trips.asked == [
        (RUN_DIALOG, RunRequest(group_ids=(2,))),
        (PAUSE_DIALOG, PauseRequest(group_id=2)),
    ]
    QTest.keyClick(page.table, Qt.Key.Key_Return)
    page.new.click()
    assert trips.opened == [("group", "2"), ("group", "new")]


def test_details_resume_work(page: GroupsPage, world: World, run: Run) -> None:
    world.api.answers[f"DELETE {PAUSES}/5"] = (204, None)
    page.table.select([1])
    assert page.details() is page.info
    assert "paused since 08:00 by owner: Inventory" in page.info.paused.text()

    async def story() -> None:
        page.info.pause.button.click()
        await until(lambda: f"DELETE {PAUSES}/5" in world.api.calls(), "the end of the pause")
        world.live.change(2, "pause", 5, None)
        await until(lambda: page.info.pause.button.text() == "Pause work…", "the news")

    run(story())
    assert cells(page, "paused") == ["", ""]


def test_a_deleted_group_can_be_had_back(
    page: GroupsPage, service: GroupService, world: World, run: Run
) -> None:
    page.table.select([1])

    async def story() -> None:
        QTest.keyClick(page.table, Qt.Key.Key_Delete)
        page.findChildren(ConfirmDialog)[-1].buttons["yes"].click()
        await until(lambda: world.notices, "the notice")
        assert 1 not in service.groups
        action = world.notices[-1].action
        assert action is not None
        action.run()
        await until(lambda: 50 in service.groups, "the group")

    run(story())
    assert (service.groups[50]["name"], service.members[50]) == ("Lab", {1, 2})


def test_a_group_that_is_needed_stays_and_says_by_whom(page: GroupsPage, world: World, run: Run) -> None:
    sentence = '"Lab" is still needed by the pause of Ada. End that first.'
    world.api.answers[f"DELETE {GROUPS}/1"] = (409, {"detail": sentence, "code": "in_use"})

    async def story() -> None:
        page.ask_delete([LAB]).buttons["yes"].click()
        await until(lambda: page.notice.text.text() == sentence, "the refusal")

    run(story())


def test_without_groups_the_page_says_what_they_are(
    world: World, trips: Trips, run: Run, qtbot: QtBot
) -> None:
    page = GroupsPage(world.context)
    qtbot.addWidget(page)
    run(world.go_live(group=[]))
    assert page.centre.currentWidget() is page.nothing
    page.nothing.findChildren(type(page.new))[0].click()
    assert trips.opened == [("group", "new")]
