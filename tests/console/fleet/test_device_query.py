"""The query language on the devices page, its saved views, and its groups."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from backend_lite.contract.fleet import DEVICE_FIELDS
from backend_lite.contract.query import parse
from console.features.fleet.device_query import depends_on_time, device_predicate
from console.features.fleet.devices_page import DevicesPage
from console.features.fleet.group_choice import GroupChoice
from console.features.fleet.watch import FleetWatch
from console.widgets.table_model import FEW
from tests.console import objects
from tests.console.conftest import NOW, World
from tests.console.fleet.groups import GroupService, group
from tests.console.trips import Trips
from tests.helpers.waiting import until

Run = Callable[[Any], Any]
FLEET = [
    objects.device(1, "lab-1", tags=["lab"]),
    objects.away(2, hostname="lab-2", tags=["lab", "old"]),
    objects.windows(3, hostname="office-3"),
]
GROUPS = [group(1, "Lab"), group(2, "By query", query="os:linux"), group(3, "Empty")]
BESIDE_DETAILS = 716
"""What a window 1280 pixels wide leaves for the table beside its details."""


@pytest.fixture
def trips(world: World, monkeypatch: pytest.MonkeyPatch) -> Trips:
    return Trips(world, monkeypatch)


@pytest.fixture
def page(world: World, trips: Trips, run: Run, qtbot: QtBot) -> DevicesPage:
    return shown(world, run, qtbot, FLEET)


def shown(world: World, run: Run, qtbot: QtBot, fleet: list[Any]) -> DevicesPage:
    made = DevicesPage(world.context, FleetWatch(world.context.live))
    qtbot.addWidget(made)
    made.resize(BESIDE_DETAILS, 500)
    made.show()

    async def story() -> None:
        await world.go_live(device=fleet, group=GROUPS)
        await until(lambda: made.table.model_.total == len(fleet), "the devices")

    run(story())
    return made


def names(page: DevicesPage) -> list[str]:
    return [item["hostname"] for item in page.table.model_.shown_objects()]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("os:windows", ["office-3"]),
        ("tag:lab -tag:old", ["lab-1"]),
        ("status:offline or os:windows", ["lab-2", "office-3"]),
        ("seen>1h", ["lab-2"]),
        ("lab debian", ["lab-1", "lab-2"]),
        ("offline", ["lab-2"]),
        ("LAB-* tag:old", ["lab-2"]),
        ("lab or office", ["lab-1", "lab-2", "office-3"]),
        ("-lab", ["office-3"]),
        ("debian cpu<50", ["lab-1", "lab-2"]),
    ],
)
def test_the_filter_understands_queries_and_plain_words(
    page: DevicesPage, qtbot: QtBot, query: str, found: list[str]
) -> None:
    page.filter.box.setText(query)
    qtbot.waitUntil(lambda: names(page) == found)


@pytest.mark.parametrize("query", ["software:7-zip lab", '"7-zip" lab'])
def test_what_only_the_service_knows_is_asked_of_it(
    page: DevicesPage, world: World, run: Run, qtbot: QtBot, query: str
) -> None:
    world.api.answers["GET /api/v1/devices/matching"] = (200, {"ids": [2, 3]})
    asked = query.removesuffix(" lab")

    async def story() -> None:
        page.filter.box.setText(query)
        assert page.problem.text.text() == "Asking the service which devices match…"
        await until(lambda: names(page) == ["lab-2"], "the answer")
        assert page.problem.isHidden()
        assert [request.url.params["q"] for request in world.api.requests] == [asked]
        world.api.answers["GET /api/v1/devices/matching"] = (200, {"ids": [1]})
        page.matches.ask()
        await until(lambda: names(page) == ["lab-1"], "another answer")
        world.api.answers["GET /api/v1/devices/matching"] = (409, {"detail": "Too much at once."})
        page.matches.ask()
        await until(page.problem.isVisible, "the refusal")
        assert "Too much at once." in page.problem.text.text()
        assert names(page) == ["lab-1"], "what was found before stays"

    run(story())
    page.filter.box.setText("lab")
    qtbot.waitUntil(lambda: names(page) == ["lab-1", "lab-2"])
    page.matches.ask()
    assert page.problem.isHidden()
    assert len(world.api.requests) == 3, "nothing is asked any more"


def test_before_the_service_has_answered_nobody_says_that_nothing_matches(
    page: DevicesPage, qtbot: QtBot
) -> None:
    page.filter.box.setText("software:x")
    qtbot.waitUntil(lambda: names(page) == [])
    assert page.no_match.title.text() == "Looking for devices"
    page.filter.box.setText("nothing-has-this-name")
    qtbot.waitUntil(lambda: page.no_match.title.text() == "No device matches")


def test_what_is_not_understood_is_said_and_what_is_shown_stays(page: DevicesPage, qtbot: QtBot) -> None:
    page.filter.box.setText("tag:old")
    qtbot.waitUntil(lambda: names(page) == ["lab-2"])
    page.filter.box.setText("tag:old staus:online")
    page.filter.query_box.say_now()
    assert page.problem.isVisible()
    assert "Did you mean status?" in page.problem.text.text()
    assert names(page) == ["lab-2"]
    page.filter.box.setText("tag:old ")
    assert not page.problem.isVisible()


def test_tags_of_the_fleet_are_offered(page: DevicesPage) -> None:
    QTest.keyClicks(page.filter.box, "tag:o")
    assert page.filter.query_box.offers == ["old"]
    QTest.keyClick(page.filter.box, Qt.Key.Key_Tab)
    assert page.filter.box.text() == "tag:old"


def test_a_device_comes_to_match_as_time_goes_by(world: World, trips: Trips, run: Run, qtbot: QtBot) -> None:
    now = [NOW]
    world.context.clock = lambda: now[0]
    page = shown(world, run, qtbot, FLEET)
    page.filter.box.setText("seen>4h")
    qtbot.waitUntil(lambda: names(page) == [])
    now[0] += timedelta(hours=2)
    page._again.timeout.emit()
    assert names(page) == ["lab-2"]


def test_among_many_devices_the_filter_is_worked_out_bit_by_bit(
    world: World, trips: Trips, run: Run, qtbot: QtBot
) -> None:
    many = [objects.device(n, f"pc-{n:05}", tags=["odd"] if n % 2 else []) for n in range(1, FEW + 501)]
    page = shown(world, run, qtbot, many)
    model = page.table.model_
    page.table.select([1])
    page.filter.set_query("tag:odd", "all")
    assert model.filtering
    assert model.rowCount() == len(many)
    model.take({2: {**many[1], "tags": ["odd"]}, 3: {**many[2], "tags": []}}, {5})
    qtbot.waitUntil(lambda: not model.filtering)
    model.settle()
    half = len(many) // 2
    assert model.rowCount() == half - 1
    assert page.table.selected_ids() == [1]
    assert model.position_of(3) is None


def test_the_columns_fit_beside_the_details(page: DevicesPage) -> None:
    assert page.table.horizontalScrollBar().maximum() == 0
    shown = {page.table.model_.columns[at].key for at in page.table.header.visible_columns()}
    assert {"name", "contact", "system", "tags", "last_run"} <= shown


def test_a_view_keeps_query_chip_and_columns(page: DevicesPage, qtbot: QtBot) -> None:
    page.filter.set_query("tag:lab", "away")
    page.table.header.show_column(2, False)
    dialog = page.views.ask_new()
    dialog.box.setText("Lab, away")
    QTest.keyClick(dialog.box, Qt.Key.Key_Return)
    page.filter.clear()
    page.table.header.show_column(2, True)
    assert len(names(page)) == 3
    QTest.keyClick(page.table, Qt.Key.Key_1, Qt.KeyboardModifier.AltModifier)
    page.views._choose_at(0)
    assert (page.filter.box.text(), page.filter.choice) == ("tag:lab", "away")
    assert page.table.header.isSectionHidden(2)
    qtbot.waitUntil(lambda: names(page) == ["lab-2"])


def test_queries_that_time_changes_are_known() -> None:
    assert depends_on_time(parse("seen<5m or tag:lab", DEVICE_FIELDS))
    assert not depends_on_time(parse("tag:lab", DEVICE_FIELDS))
    holds = device_predicate(parse("added>1d", DEVICE_FIELDS), lambda: NOW)
    assert [holds(device) for device in FLEET] == [True, True, True]


# ---- groups


def test_a_selection_is_added_to_a_group_and_that_can_be_undone(
    page: DevicesPage, world: World, run: Run
) -> None:
    service = GroupService(world.api, *GROUPS, members={1: [1]})
    page.table.select([1, 3])

    async def story() -> None:
        dialog = page.ask_add_to_group()
        assert [item["name"] for item in dialog.table.model_.shown_objects()] == ["Empty", "Lab"]
        QTest.keyClicks(dialog.filter.box, "la")
        await until(lambda: dialog.table.model_.rowCount() == 1, "the group")
        QTest.keyClick(dialog.filter.box, Qt.Key.Key_Return)
        QTest.keyClick(dialog.table, Qt.Key.Key_Return)
        await until(lambda: world.notices, "the notice")
        assert service.members[1] == {1, 3}
        assert world.notices[-1].text == "1 device is now in “Lab”."
        action = world.notices[-1].action
        assert action is not None
        action.run()
        # Who was in it before stays.
        await until(lambda: service.members[1] == {1}, "the undoing")

    run(story())


def test_a_selection_becomes_a_new_group(page: DevicesPage, world: World, run: Run, trips: Trips) -> None:
    service = GroupService(world.api, *GROUPS)
    page.table.select([2, 3])

    async def story() -> None:
        dialog = page.ask_add_to_group()
        dialog.filter.box.setText("lab")
        assert not dialog.new.isEnabled()
        dialog.filter.box.setText("Night shift")
        dialog.new.click()
        await until(lambda: world.notices, "the notice")

    run(story())
    assert (service.groups[50]["name"], service.members[50]) == ("Night shift", {2, 3})
    action = world.notices[-1].action
    assert action is not None
    action.run()
    assert trips.opened == [("group", "50")]


def test_a_selection_is_removed_from_one_of_its_groups(page: DevicesPage, world: World, run: Run) -> None:
    service = GroupService(world.api, *GROUPS, members={1: [1, 2]})
    page.table.select([2, 3])
    menu = QMenu()
    page._fill_menu(menu)

    async def story() -> None:
        next(one for one in menu.actions() if one.text() == "Remove from group…").trigger()
        await until(lambda: page.findChildren(GroupChoice), "the question")
        dialog = page.findChildren(GroupChoice)[-1]
        assert [item["name"] for item in dialog.table.model_.shown_objects()] == ["Lab"]
        dialog.table.select([1])
        dialog.go.click()
        await until(lambda: service.members[1] == {1}, "the removal")

    run(story())


def test_devices_of_no_group_are_said_to_be_so(page: DevicesPage, world: World, run: Run) -> None:
    GroupService(world.api, *GROUPS)

    async def story() -> None:
        page._look_into_groups((2, 3))
        await until(lambda: world.notices, "the notice")

    run(story())
    assert world.notices[-1].text == "No group names any of these devices."
