"""The list of software items against the real service."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from backend_lite.contract.plans import PROFILES
from backend_lite.contract.runs import TaskAction
from backend_lite.contract.software import SOFTWARE
from console.core.run_request import RUN_DIALOG, RunRequest
from console.features.software.feature import feature
from console.features.software.software_page import SoftwarePage
from console.features.software.upload_desk import UploadDesk
from console.widgets.confirm import ConfirmDialog
from console.widgets.report import Report
from tests.backend.runs.site import Site
from tests.console.software.conftest import Make, Run, item
from tests.console.trips import Trips
from tests.helpers.names import unnamed
from tests.helpers.real_context import RealContext
from tests.helpers.waiting import until


@pytest.fixture
def page(real: RealContext, trips: Trips, items_desk: UploadDesk, qtbot: QtBot) -> SoftwarePage:
    made = SoftwarePage(real.context, items_desk)
    qtbot.addWidget(made)
    qtbot.addWidget(made.info)
    made.resize(1000, 500)
    made.show()
    return made


def shown(page: SoftwarePage) -> list[str]:
    return [str(one["name"]) for one in page.table.model_.shown_objects()]


def _is_shown(page: SoftwarePage, names: list[str]) -> bool:
    return shown(page) == names


def cells(page: SoftwarePage, n: int = 0) -> dict[str, str]:
    one = list(page.table.model_.shown_objects())[n]
    return {column.key: column.text(one) for column in page.table.model_.columns}


def press(page: SoftwarePage, title: str) -> None:
    next(one for one in menu_of(page).actions() if one.text() == title).trigger()


def menu_of(page: SoftwarePage) -> QMenu:
    return page.table.context_menu()


def test_items_are_listed_with_what_they_are(page: SoftwarePage, real: RealContext, run: Run) -> None:
    async def story() -> None:
        assert page.centre.currentWidget() is page.nothing
        await item(real, "tree", source="tree", version_text="2.1", tags="lab, tools", publisher="Debian")
        await until(lambda: shown(page) == ["tree"], "the item")

    run(story())
    found = cells(page)
    assert (found["version"], found["type"], found["system"]) == ("2.1", "apt", "Any system")
    assert (found["source"], found["tags"], found["size"]) == ("tree", "lab, tools", "–")
    assert unnamed(page) == []


def test_the_filter_speaks_the_query_language(page: SoftwarePage, real: RealContext, run: Run) -> None:
    async def story() -> None:
        await item(real, "tree", tags="lab")
        await item(real, "Git", installer_type="winget", publisher="The Git project")
        for query, found in (
            ("type:winget", ["Git"]),
            ("tag:lab", ["tree"]),
            ("git project", ["Git"]),
            ("detects:yes", ["Git", "tree"]),
            ("changed>3d", []),
        ):
            page.filter.box.setText(query)
            await until(partial(_is_shown, page, found), query)

    run(story())


def test_what_is_chosen_is_installed_and_removed_in_order(
    page: SoftwarePage, real: RealContext, trips: Trips, run: Run
) -> None:
    async def story() -> tuple[int, int]:
        first, second = await item(real, "a"), await item(real, "b")
        await until(lambda: len(shown(page)) == 2, "both")
        page.table.select([first["id"]])
        press(page, "Install on…")
        page.table.select([first["id"], second["id"]])
        press(page, "Uninstall from…")
        return first["id"], second["id"]

    first, second = run(story())
    (dialog, one), (_dialog, both) = trips.asked
    assert dialog == RUN_DIALOG
    assert one == RunRequest(software_id=first, action=TaskAction.INSTALL)
    assert [(task.software_id, task.action) for task in both.tasks] == [
        (second, TaskAction.UNINSTALL),
        (first, TaskAction.UNINSTALL),
    ]


def test_what_says_nothing_of_removing_cannot_be_removed(
    page: SoftwarePage, real: RealContext, run: Run
) -> None:
    async def story() -> None:
        fields = {"installer_type": "custom", "install_command": "true", "detection": {"type": "none"}}
        made = await item(real, "once", **fields)
        await until(lambda: shown(page) == ["once"], "the item")
        page.table.select([made["id"]])
        assert not page.info.remove.isEnabled()
        entry = next(one for one in menu_of(page).actions() if one.text() == "Uninstall from…")
        assert not entry.isEnabled()

    run(story())


def test_where_it_is_installed_and_a_copy_are_pages_away(
    page: SoftwarePage, real: RealContext, trips: Trips, run: Run
) -> None:
    async def story() -> None:
        made = await item(real, "tree")
        await until(lambda: shown(page) == ["tree"], "the item")
        page.table.select([made["id"]])
        press(page, "Where is it installed")
        press(page, "Duplicate")
        await until(lambda: shown(page) == ["tree", "tree (copy)"], "the copy")
        await until(lambda: len(trips.opened) == 2, "its page")

    run(story())
    assert trips.opened == [("installed-software", 'name:"tree"'), ("software-item", "2")]


def test_who_uses_an_item_is_said_when_it_cannot_be_deleted(
    page: SoftwarePage, real: RealContext, site: Site, run: Run, qtbot: QtBot
) -> None:
    async def story() -> list[str]:
        used, free = await item(real, "used"), await item(real, "free")
        task = {"name": "t", "action_type": "install_software", "software_id": used["id"]}
        await site.post(PROFILES, {"name": "Office", "tasks": [task]})
        await until(lambda: len(shown(page)) == 2, "both")
        page.table.select([used["id"], free["id"]])
        press(page, "Delete…")
        dialog = page.findChild(ConfirmDialog)
        assert isinstance(dialog, ConfirmDialog)
        dialog.buttons["yes"].click()
        await until(lambda: page.findChild(Report) is not None, "the report")
        report = page.findChild(Report)
        assert isinstance(report, Report)
        assert [one["name"] for one in await site.get(SOFTWARE)] == ["used"]
        return report.sentences

    sentences = run(story())
    assert len(sentences) == 1
    assert "Office" in sentences[0]


def test_the_delete_key_asks_about_what_is_chosen(
    page: SoftwarePage, real: RealContext, run: Run, qtbot: QtBot
) -> None:
    async def story() -> None:
        made = await item(real)
        await until(lambda: shown(page), "the item")
        qtbot.keyClick(page.table, Qt.Key.Key_Delete)
        assert page.findChild(ConfirmDialog) is None
        page.table.select([made["id"]])
        qtbot.keyClick(page.table, Qt.Key.Key_Delete)
        dialog = page.findChild(ConfirmDialog)
        assert isinstance(dialog, ConfirmDialog)
        dialog.buttons["yes"].click()
        await until(lambda: not shown(page), "the end of the item")

    run(story())


def test_an_installer_that_is_dropped_on_the_list_begins_a_new_item(
    page: SoftwarePage, make_item: Make, trips: Trips, tmp_path: Path, run: Run
) -> None:
    setup = tmp_path / "Tool 7.msi"
    setup.write_bytes(b"installer")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(setup))])
    event = QDropEvent(
        QPointF(10, 10),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )

    async def story() -> None:
        page.dropEvent(event)
        assert trips.opened == [("software-item", "new")]
        editor = make_item()
        editor.show_target("new")
        await until(lambda: editor.value.sha256, "the file")
        assert (editor.value.name, editor.value.installer_type) == ("Tool 7", "msi")

    run(story())


def test_the_palette_finds_items_and_images() -> None:
    one, two = feature().matches
    item_ = {"name": "Git", "version_text": "2.51", "installer_type": "winget"}
    assert one.describe(item_) == ("Git 2.51", "Software · winget")
    image = {"name": "Debian", "version_text": "13", "edition": ""}
    assert two.describe(image) == ("Debian", "OS image · 13")
