"""Devices that wait for a decision, with the real service behind the window."""

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from backend_lite.contract.fleet import EXPECTED_DEVICES, ExpectedDevice, ExpectedDeviceCreate
from console.features.fleet.admission_page import AdmissionPage
from tests.console.fleet.near import arrives, device, makes_group, members, retired, say_yes
from tests.helpers.names import unnamed
from tests.helpers.near_service import NearService, migrated, near, quick_passwords
from tests.helpers.waiting import until

__all__ = ["migrated", "near", "quick_passwords"]

Run = Callable[[Any], Any]


@pytest.fixture
def page(near: NearService, qtbot: QtBot) -> AdmissionPage:
    made = AdmissionPage(near.context)
    qtbot.addWidget(made)
    made.resize(1000, 700)
    made.show()
    return made


def names(page: AdmissionPage) -> list[str]:
    page.table.model_.settle()
    return [str(one["hostname"]) for one in page.table.model_.shown_objects()]


def test_without_anybody_the_page_says_what_would_be_here(page: AdmissionPage) -> None:
    assert page.centre.currentWidget() is page.centre.nothing
    assert not page.approve.isVisible()
    assert unnamed(page) == []


def test_who_waits_is_shown_with_words_and_origin_and_approved_by_a_key(
    near: NearService, page: AdmissionPage, run: Run
) -> None:
    async def story() -> None:
        await arrives(near, "known")
        device_id = await arrives(near, "pc-1", approved=False)
        await until(lambda: names(page) == ["pc-1"], "who waits")
        words = device(near, device_id)["fingerprint"]
        await until(lambda: page.pane.words.words.text() == words, "the words")
        assert page.pane.words.facts.value("Came by") == "Lab in May"
        assert page.pane.words.facts.value("Expected") == "Not among the expected devices."
        page.table.setFocus()
        QTest.keyClick(page.table, Qt.Key.Key_A)
        await until(lambda: device(near, device_id)["admission"] == "approved", "the approval")
        await until(lambda: names(page) == [], "nobody")

    run(story())
    assert page.filter.box.text() == ""


def test_several_are_approved_at_once_and_one_is_refused(
    near: NearService, page: AdmissionPage, run: Run
) -> None:
    async def story() -> None:
        ids = [await arrives(near, f"pc-{n}", approved=False) for n in range(3)]
        await until(lambda: len(names(page)) == 3, "who waits")
        page.table.select(ids[:2])
        assert page.approve.text() == "Approve 2"
        assert device(near, ids[1])["fingerprint"] in page.pane.several.text()
        page.approve.click()
        await until(lambda: names(page) == ["pc-2"], "the last")
        page.table.select([ids[2]])
        page.table.setFocus()
        QTest.keyClick(page.table, Qt.Key.Key_Delete)
        say_yes(page)
        await until(lambda: names(page) == [], "nobody")
        assert [one["id"] for one in await retired(near)] == [ids[2]]

    run(story())


def test_a_device_that_resembles_another_is_compared_and_merged(
    near: NearService, page: AdmissionPage, run: Run
) -> None:
    async def story() -> None:
        former = await arrives(near, "pc-1", serial="S1")
        lab = await makes_group(near, "Lab", former)
        device_id = await arrives(near, "pc-1", approved=False, serial="S1")
        await until(lambda: names(page) == ["pc-1"], "who waits")
        await until(page.pane.twin.isVisible, "the comparison")
        compared = page.pane.twin.compared()
        assert f"Known: device {former}" in compared
        assert "S1  · the same" in compared
        page.pane.twin.merge.click()
        say_yes(page)
        await until(lambda: device(near, device_id)["replaces_id"] == former, "the merge")
        await until(page.pane.twin.isHidden, "one device")
        assert await members(near, lab) == [device_id]
        assert near.context.live.get("device", former) is None

    run(story())


def test_or_kept_apart(near: NearService, page: AdmissionPage, run: Run) -> None:
    async def story() -> None:
        former = await arrives(near, "pc-1")
        device_id = await arrives(near, "pc-1", approved=False)
        await until(lambda: names(page) == ["pc-1"], "who waits")
        await until(page.pane.twin.isVisible, "the comparison")
        page.pane.twin.apart.click()
        await until(lambda: device(near, device_id)["possible_duplicate_of"] is None, "the decision")
        await until(page.pane.twin.isHidden, "two devices")
        assert device(near, former)["admission"] == "approved"

    run(story())


def test_who_was_expected_is_marked(near: NearService, page: AdmissionPage, run: Run) -> None:
    async def story() -> None:
        wanted = ExpectedDeviceCreate(serial="S7", tags=["new"], note="Room 4")
        await near.context.client.post(EXPECTED_DEVICES, wanted, ExpectedDevice)
        device_id = await arrives(near, "pc-7", approved=False, serial="S7")
        await until(lambda: page.expected.get(device_id), "the entry")
        await until(lambda: "Room 4" in page.pane.words.facts.value("Expected"), "the words")
        assert device(near, device_id)["tags"] == ["new"]

    run(story())


def test_of_copies_it_is_said_what_each_choice_means(
    near: NearService, page: AdmissionPage, run: Run
) -> None:
    clone = {
        "hostname": "pc-1",
        "admission": "quarantined",
        "quarantine_reason": "Two copies of this device were connected (10.0.0.5 and 10.0.0.9).",
    }

    async def story() -> None:
        device_id = await arrives(near, "pc-1", approved=False)
        await until(lambda: names(page) == ["pc-1"], "who waits")
        page.pane.show_devices([device(near, device_id) | clone])
        assert page.pane.clone.isVisible()
        assert "10.0.0.9" in page.pane.clone.reason.text()
        assert "whichever comes next" in page.pane.clone.choices.value("Approve")

    run(story())
