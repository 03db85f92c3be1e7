"""The editor of a group with the real service behind it."""

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from backend_lite.contract.fleet import GROUPS, Group, GroupUpdate
from console.features.fleet.group_page import GroupPage
from console.features.fleet.watch import FleetWatch
from console.widgets.saving_base import NEW
from tests.console.fleet.near import arrives, makes_group, members
from tests.helpers.near_service import NearService, migrated, near, quick_passwords
from tests.helpers.waiting import until

__all__ = ["migrated", "near", "quick_passwords"]

Run = Callable[[Any], Any]


@pytest.fixture
def page(near: NearService, qtbot: QtBot) -> GroupPage:
    made = GroupPage(near.context, FleetWatch(near.context.live))
    qtbot.addWidget(made)
    made.resize(1000, 600)
    made.show()
    return made


async def stored(near: NearService, group_id: int) -> Group:
    return await near.context.client.get(f"{GROUPS}/{group_id}", Group)


def test_a_group_by_query_is_made_and_has_whom_it_finds(page: GroupPage, near: NearService, run: Run) -> None:
    async def story() -> None:
        here, _ = await arrives(near, "lab-1"), await arrives(near, "office-1")
        page.show_target(NEW)
        page.fields.kind.choose("query")
        page.fields.query_box.setText("name:lab")
        QTest.keyClicks(page.fields.name_box, "The lab")
        page.save_now()
        await until(lambda: not page.dirty, "the save")
        group = await stored(near, 1)
        assert (group.name, group.query, group.device_count) == ("The lab", "name:lab", 1)
        assert await members(near, 1) == [here]

    run(story())


def test_a_name_that_is_taken_is_refused_at_its_field(page: GroupPage, near: NearService, run: Run) -> None:
    async def story() -> None:
        await makes_group(near, "Lab")
        page.show_target(NEW)
        QTest.keyClicks(page.fields.name_box, "lab")
        page.save_now()
        await until(lambda: page.fields.name.error != "", "the refusal")
        assert page.dirty
        page.fields.name_box.setText("Lab 2")
        page.save_now()
        await until(lambda: not page.dirty, "the save")

    run(story())


def test_what_somebody_else_saved_meanwhile_is_not_lost(page: GroupPage, near: NearService, run: Run) -> None:
    async def story() -> None:
        group_id = await makes_group(near, "Lab")
        page.show_target(str(group_id))
        await until(lambda: page.fields.name_box.text() == "Lab", "the group")
        QTest.keyClicks(page.fields.description, "mine")
        await near.context.client.put(f"{GROUPS}/{group_id}", GroupUpdate(description="theirs"), Group)
        await until(page.notice.isVisible, "the news")
        page.save_now()
        await until(lambda: not page._saving, "the answer")
        assert (await stored(near, group_id)).description == "theirs"
        assert (page.fields.description.text(), page.dirty) == ("mine", True)

    run(story())
