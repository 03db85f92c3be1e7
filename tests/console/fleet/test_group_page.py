"""One group: its fields, its devices, and somebody else at it."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from backend_lite.contract.fleet import GROUPS
from console.core.run_request import RUN_DIALOG, RunRequest
from console.features.fleet.group_page import GroupPage
from console.features.fleet.watch import FleetWatch
from console.widgets.confirm import ConfirmDialog
from console.widgets.saving_base import NEW
from tests.console import objects
from tests.console.conftest import World
from tests.console.fleet.groups import GroupService, group, pause
from tests.console.trips import Trips
from tests.helpers.names import unnamed
from tests.helpers.waiting import until

Run = Callable[[Any], Any]
FLEET = [
    objects.device(1, "lab-1", tags=["lab"]),
    objects.away(2, hostname="lab-2", tags=["lab"]),
    objects.windows(3, hostname="office-3"),
]
LAB = group(1, "Lab", device_count=2)
AWAY = group(2, "Away", query="status:offline")


@pytest.fixture
def trips(world: World, monkeypatch: pytest.MonkeyPatch) -> Trips:
    return Trips(world, monkeypatch)


@pytest.fixture
def service(world: World) -> GroupService:
    return GroupService(world.api, LAB, AWAY, members={1: [1, 2]})


@pytest.fixture
def page(world: World, service: GroupService, trips: Trips, run: Run, qtbot: QtBot) -> GroupPage:
    made = GroupPage(world.context, FleetWatch(world.context.live))
    qtbot.addWidget(made)
    made.resize(1000, 600)
    made.show()
    run(world.go_live(device=FLEET, group=[LAB, AWAY], pause=[]))
    return made


async def opened(page: GroupPage, target: str, *hostnames: str) -> None:
    page.show_target(target)
    await shown(page, *hostnames)


async def shown(page: GroupPage, *hostnames: str) -> None:
    await until(lambda: names(page) == list(hostnames), f"{hostnames} in the table")


def names(page: GroupPage) -> list[str]:
    return [item["hostname"] for item in page.members.table.model_.shown_objects()]


def test_the_audit_of_the_group_is_one_press_away(page: GroupPage, trips: Trips, run: Run) -> None:
    page.show_target("new")
    assert page.history.isHidden()
    run(opened(page, "1", *(item["hostname"] for item in FLEET[:2])))
    page.history.click()
    assert trips.opened[-1] == ("audit", "group/1")


def test_named_devices_are_shown_live_and_can_be_filtered(page: GroupPage, world: World, run: Run) -> None:
    async def story() -> None:
        await opened(page, "1", "lab-1", "lab-2")
        assert page.members.count.text() == "2 devices"
        page.members.filter.box.setText("status:offline")
        await shown(page, "lab-2")
        assert page.members.count.text() == "1 of 2"
        world.live.change(2, "device", 1, {"contact": "offline"})
        await shown(page, "lab-1", "lab-2")

    run(story())
    assert (page.header.title.text(), page.save.isEnabled()) == ("Lab", False)
    assert not page.fields.query.isVisible()
    assert unnamed(page) == []


def test_a_query_group_shows_what_it_finds_now(page: GroupPage, world: World, run: Run) -> None:
    async def story() -> None:
        await opened(page, "2", "lab-2")
        assert not page.members.add.isVisible()
        page.fields.query_box.setText("tag:lab")
        await shown(page, "lab-1", "lab-2")
        world.live.change(2, "device", 3, {"tags": ["lab"]})
        await shown(page, "lab-1", "lab-2", "office-3")
        page.fields.query_box.setText("name:nobody")
        await shown(page)

    run(story())
    assert page.members.empty.title.text() == "The query finds no device now"


def test_a_wrong_query_points_at_the_word_and_is_not_sent(page: GroupPage, world: World, run: Run) -> None:
    async def story() -> None:
        await opened(page, "2", "lab-2")
        page.fields.query_box.setText("os:linux tga:lab")
        page.save_now()

    run(story())
    assert page.fields.query_box.selectedText() == "tga:"
    assert "tga" in page.fields.query.error
    assert f"PUT {GROUPS}/2" not in world.api.calls()


def test_ctrl_s_saves_what_was_changed(
    page: GroupPage, service: GroupService, run: Run, qtbot: QtBot
) -> None:
    async def story() -> None:
        await opened(page, "1", "lab-1", "lab-2")
        QTest.keyClicks(page.fields.description, "Room 4")
        assert (page.header.mark.text(), page.title) == ("unsaved", "● Lab")
        QTest.keyClick(page.fields.description, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
        page.save_now()
        await until(lambda: service.groups[1]["description"] == "Room 4" and not page.dirty, "the save")

    run(story())
    assert page.header.mark.text() == ""


def test_what_the_service_made_of_it_is_shown_and_what_was_typed_meanwhile_stays(
    page: GroupPage, service: GroupService, world: World, run: Run
) -> None:
    world.api.answers[f"PUT {GROUPS}/1"] = lambda _request: (200, service.edit(1, name="Lab A"))

    async def story() -> None:
        await opened(page, "1", "lab-1", "lab-2")
        page.fields.name_box.setText("Lab   A")
        page.fields.changed.emit()
        page.save_now()
        await until(lambda: page.fields.name_box.text() == "Lab A" and not page.dirty, "the tidy name")
        QTest.keyClicks(page.fields.description, "first")
        page.save_now()
        QTest.keyClicks(page.fields.description, " and more")
        await until(lambda: not page._saving, "the save")

    run(story())
    assert (page.fields.description.text(), page.dirty) == ("first and more", True)


def test_a_new_group_waits_for_its_first_save(
    page: GroupPage, service: GroupService, trips: Trips, run: Run
) -> None:
    async def story() -> None:
        page.show_target(NEW)
        page.save_now()
        assert page.fields.name.error == "Give the group a name."
        QTest.keyClicks(page.fields.name_box, "Office")
        picker = page.pick_devices()
        await until(lambda: picker.table.model_.total == 3, "the devices")
        picker.toggle([3])
        picker.add.click()
        await shown(page, "office-3")
        assert 50 not in service.groups
        page.save_now()
        await until(lambda: not page.dirty, "the save")

    run(story())
    assert (service.groups[50]["name"], service.members[50]) == ("Office", {3})
    assert trips.opened == [("group", "50")]


def test_a_new_group_by_a_query(page: GroupPage, service: GroupService, run: Run) -> None:
    async def story() -> None:
        page.show_target(NEW)
        page.fields.kind.choose("query")
        page.fields.query_box.setText("os:windows")
        await shown(page, "office-3")
        assert page.members.count.text() == "1 device"
        QTest.keyClicks(page.fields.name_box, "Windows")
        page.save_now()
        await until(lambda: 50 in service.groups, "the save")

    run(story())
    assert (service.groups[50]["query"], service.members[50]) == ("os:windows", set())


def test_devices_are_added_and_it_can_be_undone(
    page: GroupPage, service: GroupService, world: World, run: Run
) -> None:
    async def story() -> None:
        await opened(page, "1", "lab-1", "lab-2")
        picker = page.pick_devices()
        await until(lambda: picker.table.model_.total == 1, "the devices outside")
        picker.filter.box.setText("os:windows")
        QTest.keyClick(picker.filter.box, Qt.Key.Key_Return)
        QTest.keyClick(picker.table, Qt.Key.Key_Home)
        QTest.keyClick(picker.table, Qt.Key.Key_Space)
        assert picker.add.text() == "Add 1 device"
        picker.add.click()
        await shown(page, "lab-1", "lab-2", "office-3")
        action = world.notices[-1].action
        assert action is not None
        action.run()
        await shown(page, "lab-1", "lab-2")

    run(story())
    assert service.members[1] == {1, 2}
    assert not page.dirty


def test_delete_takes_several_out(page: GroupPage, service: GroupService, world: World, run: Run) -> None:
    async def story() -> None:
        await opened(page, "1", "lab-1", "lab-2")
        assert not page.members.remove.isVisible()
        page.members.table.select([1, 2])
        assert page.members.remove.text() == "Take 2 out of the group"
        QTest.keyClick(page.members.table, Qt.Key.Key_Delete)
        await shown(page)
        assert page.members.empty.title.text() == "No devices in this group yet"
        action = world.notices[-1].action
        assert action is not None
        action.run()
        await shown(page, "lab-1", "lab-2")

    run(story())
    assert service.members[1] == {1, 2}


def test_somebody_elses_devices_are_no_conflict(
    page: GroupPage, service: GroupService, world: World, run: Run
) -> None:
    async def story() -> None:
        await opened(page, "1", "lab-1", "lab-2")
        QTest.keyClicks(page.fields.description, "mine")
        service.members[1].add(3)
        world.live.change(2, "group", 1, dict(service.edit(1, device_count=3)))
        await shown(page, "lab-1", "lab-2", "office-3")
        assert not page.notice.isVisible()
        page.save_now()
        await until(lambda: not page.dirty, "the save")

    run(story())
    assert service.groups[1]["description"] == "mine"


def test_somebody_elses_words_are_compared_taken_or_written_over(
    page: GroupPage, service: GroupService, world: World, run: Run
) -> None:
    async def story() -> None:
        await opened(page, "1", "lab-1", "lab-2")
        QTest.keyClicks(page.fields.description, "mine")
        world.live.change(2, "group", 1, dict(service.edit(1, description="theirs")))
        await until(page.notice.isVisible, "the warning")
        page.save_now()
        await until(lambda: not page._saving, "the refusal")
        assert service.groups[1]["description"] == "theirs"
        page.notice.press("Compare")
        await until(page.comparison.isVisible, "the comparison")
        assert [line.text for line in page.comparison.diff.lines if line.sign in "+-"] == [
            "Description: theirs",
            "Description: mine",
        ]
        QTest.keyClick(page.comparison.diff, Qt.Key.Key_Escape)
        page.notice.press("Take theirs")
        await until(lambda: page.fields.description.text() == "theirs", "theirs")
        assert not page.dirty
        page.notice.press("Back to mine")
        assert (page.fields.description.text(), page.dirty) == ("mine", True)
        service.edit(1, name="Lab 2")
        page.save_now()
        await until(page.notice.isVisible, "the next refusal")
        page.notice.press("Save mine over it")
        await until(lambda: not page.dirty, "the save")

    run(story())
    assert (service.groups[1]["name"], service.groups[1]["description"]) == ("Lab", "mine")


def test_without_changes_somebody_elses_are_simply_shown(
    page: GroupPage, service: GroupService, world: World, run: Run
) -> None:
    async def story() -> None:
        await opened(page, "1", "lab-1", "lab-2")
        world.live.change(2, "group", 1, dict(service.edit(1, name="Lab A")))
        await until(lambda: page.header.title.text() == "Lab A", "their name")

    run(story())
    assert not page.dirty


def test_a_group_that_is_gone_can_be_made_again(
    page: GroupPage, service: GroupService, world: World, run: Run
) -> None:
    async def story() -> None:
        await opened(page, "1", "lab-1", "lab-2")
        world.live.change(2, "group", 1, None)
        await until(page.notice.isVisible, "the warning")
        page.notice.press("Make it again")
        await until(lambda: 50 in service.groups, "the group")

    run(story())
    assert (service.groups[50]["name"], service.members[50]) == ("Lab", {1, 2})


def test_a_name_that_is_taken_is_said_at_the_name(page: GroupPage, world: World, run: Run) -> None:
    world.api.answers[f"POST {GROUPS}"] = (422, {"detail": "There is one.", "code": "name_taken"})

    async def story() -> None:
        page.show_target(NEW)
        QTest.keyClicks(page.fields.name_box, "Lab")
        page.save_now()
        await until(lambda: page.fields.name.error != "", "the refusal")

    run(story())
    assert page.fields.name.error == "Another group has this name."


def test_leaving_asks_and_saves(page: GroupPage, service: GroupService, run: Run) -> None:
    async def story() -> None:
        await opened(page, "1", "lab-1", "lab-2")
        assert page.may_leave() is True
        QTest.keyClicks(page.fields.description, "x")
        answer = page.may_leave()
        assert not isinstance(answer, bool)

        async def press() -> None:
            await until(lambda: page.findChildren(ConfirmDialog), "the question")
            page.findChildren(ConfirmDialog)[-1].buttons["save"].click()

        pressed = asyncio.ensure_future(press())
        assert await answer
        await pressed

    run(story())
    assert service.groups[1]["description"] == "x"


def test_a_group_is_run_on_as_it_is_saved(page: GroupPage, trips: Trips, run: Run) -> None:
    async def story() -> None:
        await opened(page, "1", "lab-1", "lab-2")
        page.run.click()
        QTest.keyClicks(page.fields.description, "x")
        page.run.click()

    run(story())
    assert trips.asked == [(RUN_DIALOG, RunRequest(group_ids=(1,)))]
    assert "Save first" in page.notice.text.text()


def test_a_pause_of_the_whole_fleet_is_not_ended_unasked(page: GroupPage, world: World, run: Run) -> None:
    async def story() -> None:
        await opened(page, "1", "lab-1", "lab-2")
        world.live.change(2, "pause", 9, pause(9, "fleet", None, ""))
        await until(page.pause.badge.isVisible, "the pause")
        page.pause.button.click()
        await until(lambda: page.findChildren(ConfirmDialog), "the question")

    run(story())
    assert page.pause.button.text() == "Resume work…"
    assert not any(call.startswith("DELETE") for call in world.api.calls())


def test_an_unknown_group_is_said(page: GroupPage, run: Run, trips: Trips) -> None:
    async def story() -> None:
        page.show_target("99")
        await until(page.missing.isVisible, "the missing group")

    run(story())
    assert not page.fields.isVisible()
    assert not page.save.isVisible()


def test_deleting_goes_back_to_the_list(
    page: GroupPage, service: GroupService, trips: Trips, run: Run
) -> None:
    async def story() -> None:
        await opened(page, "1", "lab-1", "lab-2")
        page.delete.click()
        page.findChildren(ConfirmDialog)[-1].buttons["yes"].click()
        await until(lambda: trips.opened == [("groups", None)], "the list")

    run(story())
    assert 1 not in service.groups
