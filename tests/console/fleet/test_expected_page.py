"""Expected and removed devices in the window, with the real service behind it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from backend_lite.contract.live import EXPECTED_DEVICE
from console.features.fleet.expected_page import ExpectedPage
from console.features.fleet.retired_page import RetiredPage
from tests.console.fleet.near import arrives, makes_group, retired, say_yes
from tests.helpers.names import unnamed
from tests.helpers.near_service import NearService, migrated, near, quick_passwords
from tests.helpers.waiting import until

__all__ = ["migrated", "near", "quick_passwords"]

Run = Callable[[Any], Any]


@pytest.fixture
def page(near: NearService, qtbot: QtBot) -> ExpectedPage:
    made = ExpectedPage(near.context)
    qtbot.addWidget(made)
    made.resize(1000, 700)
    made.show()
    return made


def names(page: ExpectedPage) -> list[str]:
    page.table.model_.settle()
    return [str(one["hostname"]) for one in page.table.model_.shown_objects()]


def entries(near: NearService) -> dict[str, Any]:
    return {one["hostname"]: one for one in near.known(EXPECTED_DEVICE)}


def test_a_device_is_expected_changed_and_expected_no_longer(
    near: NearService, page: ExpectedPage, run: Run
) -> None:
    async def story() -> None:
        lab = await makes_group(near, "Lab")
        await makes_group(near, "Other")
        dialog = page.ask_new()
        dialog.go.click()
        await until(lambda: "serial number or its host name" in dialog.error.text(), "the refusal")
        dialog.hostname.setText("pc-1")
        dialog.tags.setText("new, floor 2, new")
        dialog.groups.tick([lab])
        assert unnamed(dialog) == []
        dialog.go.click()
        await until(lambda: names(page) == ["pc-1"], "the entry")
        assert entries(near)["pc-1"]["tags"] == ["new", "floor 2"]
        assert entries(near)["pc-1"]["groups"] == [lab]
        edit = page.ask_edit(entries(near)["pc-1"]["id"])
        assert (edit.tags.text(), edit.groups.ticked()) == ("new, floor 2", [lab])
        edit.note.setText("Room 4")
        edit.go.click()
        await until(lambda: entries(near)["pc-1"]["note"] == "Room 4", "the change")
        page.table.select([entries(near)["pc-1"]["id"]])
        page.ask_delete()
        say_yes(page)
        await until(lambda: names(page) == [], "nothing")

    run(story())
    assert page.centre.currentWidget() is page.centre.nothing
    assert unnamed(page) == []


def test_chips_and_the_query_part_who_waits_from_who_came(
    near: NearService, page: ExpectedPage, run: Run
) -> None:
    async def story() -> None:
        for name in ("pc-1", "pc-2"):
            dialog = page.ask_new()
            dialog.hostname.setText(name)
            dialog.tags.setText(f"of-{name}")
            dialog.go.click()
            await until(lambda name=name: name in entries(near), "the entry")  # type: ignore[misc]
        await arrives(near, "pc-1")
        await until(lambda: entries(near)["pc-1"]["arrived_at"] is not None, "the arrival")
        for choice, shown in (("waiting", ["pc-2"]), ("arrived", ["pc-1"]), ("all", ["pc-1", "pc-2"])):
            page.filter.choose(choice)
            await until(lambda shown=shown: names(page) == shown, choice)  # type: ignore[misc]
        QTest.keyClicks(page.filter.box, "tag:of-pc-2")
        await until(lambda: names(page) == ["pc-2"], "the query")
        come = page.ask_edit(entries(near)["pc-1"]["id"])
        assert not come.hostname.isEnabled()

    run(story())


def test_a_table_with_problems_is_mended_and_read_again(
    near: NearService, page: ExpectedPage, run: Run, tmp_path: Path
) -> None:
    table = tmp_path / "new devices.csv"
    table.write_text("hostname;serial;groups\npc-1;S1;Lba\npc-1b;s1;\n", "utf-8-sig")

    async def story() -> None:
        await makes_group(near, "Lab")
        dialog = page.import_from(str(table))
        await until(lambda: len(dialog.problems()) == 2, "the problems")
        assert [problem[:2] for problem in dialog.problems()] == [(2, 9), (3, 1)]
        assert not dialog.go.isEnabled()
        table.write_text("hostname;serial;groups\npc-1;S1;Lab\nLübeck;;\n", "cp1252")
        dialog.again.click()
        await until(dialog.go.isEnabled, "the import")
        assert dialog.go.text() == "Import 2 devices"
        assert entries(near) == {}
        dialog.go.click()
        await until(lambda: names(page) == ["Lübeck", "pc-1"], "the devices")
        page.export_to(str(tmp_path / "out.csv"))
        await until((tmp_path / "out.csv").exists, "the file")
        again = page.import_from(str(tmp_path / "out.csv"))
        await until(lambda: "2 lines are of devices" in again.said.text(), "the look")
        assert not again.go.isEnabled()

    run(story())


def test_a_removed_device_is_forgotten_only_by_its_typed_name(
    near: NearService, run: Run, qtbot: QtBot
) -> None:
    page = RetiredPage(near.context)
    qtbot.addWidget(page)
    page.resize(1000, 600)

    async def story() -> None:
        page.show()
        await until(lambda: page.centre.currentWidget() is page.nothing, "the empty page")
        for name in ("pc-1", "pc-2"):
            device_id = await arrives(near, name)
            await near.context.client.delete(f"/api/v1/devices/{device_id}")
        await until(lambda: page.table.model_.total == 2, "the devices")
        assert unnamed(page) == []
        page.table.select([device_id])
        dialog = page.ask_forget()
        assert dialog is not None
        dialog.box.setText("pc-1")
        assert not dialog.go.isEnabled()
        dialog.box.setText("pc-2")
        dialog.go.click()
        await until(lambda: page.table.model_.total == 1, "the rest")
        assert [one["hostname"] for one in await retired(near)] == ["pc-1"]

    run(story())
