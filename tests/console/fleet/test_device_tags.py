"""Tags and groups of many devices, by key and by dragging, with the real service behind the window."""

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from backend_lite.contract.fleet import DEVICES, Device, DeviceUpdate
from backend_lite.contract.live import DEVICE
from console.features.fleet.devices_page import DevicesPage
from console.features.fleet.group_choice import GroupChoice
from console.features.fleet.group_rail import EVERYTHING, GroupRail
from console.features.fleet.tag_changes import undoing
from console.features.fleet.tag_dialog import TagDialog
from console.features.fleet.tag_words import parted
from console.features.fleet.watch import FleetWatch
from console.widgets.dragging import objects_data
from tests.console.fleet.near import arrives, device, makes_group, members
from tests.helpers.names import unnamed
from tests.helpers.near_service import NearService, migrated, near, quick_passwords
from tests.helpers.waiting import until

__all__ = ["migrated", "near", "quick_passwords"]

Run = Callable[[Any], Any]


@pytest.fixture
def page(near: NearService, qtbot: QtBot) -> DevicesPage:
    made = DevicesPage(near.context, FleetWatch(near.context.live))
    qtbot.addWidget(made)
    made.resize(1100, 700)
    made.show()
    return made


def names(page: DevicesPage) -> list[str]:
    page.table.model_.settle()
    return [str(one["hostname"]) for one in page.table.model_.shown_objects()]


async def fleet(near: NearService, page: DevicesPage, count: int = 3) -> list[int]:
    ids = [await arrives(near, f"pc-{n}") for n in range(1, count + 1)]
    await until(lambda: len(names(page)) == count, "the devices")
    return ids


async def tag(near: NearService, device_id: int, *tags: str) -> None:
    path = f"{DEVICES}/{device_id}"
    await near.context.client.put(path, DeviceUpdate(tags=list(tags)), Device)
    await until(lambda: device(near, device_id)["tags"] == list(tags), "the tags")


def drop(rail: GroupRail, ids: list[int], row: int) -> bool:
    """Drops devices onto a line; whether it took them."""
    at = rail.visualItemRect(rail.item(row)).center()
    data, move = objects_data(DEVICE, ids), Qt.DropAction.MoveAction
    none = Qt.KeyboardModifier.NoModifier
    event = QDropEvent(QPointF(at), move, data, Qt.MouseButton.LeftButton, none)
    event.ignore()
    rail.dropEvent(event)
    return event.isAccepted()


def test_tags_of_many_are_changed_by_a_key_and_it_can_be_undone(
    near: NearService, page: DevicesPage, run: Run
) -> None:
    async def story() -> None:
        first, second, third = await fleet(near, page)
        await tag(near, first, "lab", "old")
        await tag(near, second, "lab")
        model = page.table.model_
        await until(lambda: (model.get(second) or {})["tags"] == ["lab"], "the tags in the table")
        page.table.select([first, second])
        page.table.setFocus()
        QTest.keyClick(page.table, Qt.Key.Key_T)
        dialog = page.findChild(TagDialog)
        assert dialog is not None
        states = dialog.states()
        assert states == {"lab": Qt.CheckState.Checked, "old": Qt.CheckState.PartiallyChecked}
        assert not dialog.go.isEnabled()
        assert unnamed(dialog) == []
        dialog.tick("old", on=False)
        dialog.box.setText("new, new , lab")
        dialog.go.click()
        await until(lambda: device(near, second)["tags"] == ["lab", "new"], "the second")
        assert device(near, first)["tags"] == ["lab", "new"]
        assert device(near, third)["tags"] == []
        notice = near.notices[-1]
        assert notice.text == "2 devices have other tags now."
        assert notice.action is not None
        notice.action.run()
        await until(lambda: device(near, second)["tags"] == ["lab"], "the second as before")
        assert sorted(device(near, first)["tags"]) == ["lab", "old"]

    run(story())


def test_devices_are_dragged_onto_a_group_that_names_its_devices(
    near: NearService, page: DevicesPage, run: Run
) -> None:
    async def story() -> None:
        ids = await fleet(near, page)
        lab = await makes_group(near, "Lab", ids[0])
        page.groups.click()
        await until(lambda: page.rail.count() == 2, "the groups")
        assert not drop(page.rail, ids, 0), "all devices are no group"
        assert drop(page.rail, ids[1:], 1)
        await until(lambda: near.context.live.kind("group")[lab]["device_count"] == 3, "the members")
        assert await members(near, lab) == ids

    run(story())


def test_the_groups_beside_the_devices_show_one_of_them(
    near: NearService, page: DevicesPage, run: Run
) -> None:
    async def story() -> None:
        ids = await fleet(near, page)
        lab = await makes_group(near, "Lab", ids[0])
        page.groups.click()
        await until(lambda: page.rail.count() == 2, "the groups")
        page.rail.choose(lab)
        await until(lambda: names(page) == ["pc-1"], "its device")
        assert drop(page.rail, [ids[2]], 1)
        await until(lambda: names(page) == ["pc-1", "pc-3"], "the new one")
        page.groups.click()
        assert page.rail.group_id == EVERYTHING
        await until(lambda: len(names(page)) == 3, "all of them")

    run(story())


def test_keys_add_to_a_group(near: NearService, page: DevicesPage, run: Run) -> None:
    async def story() -> None:
        ids = await fleet(near, page, 1)
        page.table.select(ids)
        page.table.setFocus()
        QTest.keyClick(page.table, Qt.Key.Key_G)
        assert page.findChild(GroupChoice) is not None

    run(story())


def test_to_undo_gives_every_device_what_it_had() -> None:
    devices: list[dict[str, Any]] = [
        {"id": 1, "tags": ["a"]},
        {"id": 2, "tags": ["b"]},
        {"id": 3, "tags": []},
    ]
    found = {tuple(one.devices): (one.add, one.remove) for one in undoing(devices, ["b"], ["a"])}
    assert found == {(1,): (["a"], ["b"]), (3,): ([], ["b"])}


def test_tags_are_parted_by_commas() -> None:
    assert parted(" a, b b,,a ,") == ["a", "b b"]
