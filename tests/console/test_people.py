"""People of the roles that come with the product, and what of the window they may use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractItemView, QApplication
from pytestqt.qtbot import QtBot

from backend_lite.contract.accounts import USERS
from backend_lite.contract.live import DEVICE, SCRIPT
from backend_lite.contract.plans import PROFILES
from console.features.fleet.devices_page import DevicesPage
from console.features.library.folder_tree import INSIDE, Place
from console.features.library.script_page import ScriptPage
from console.features.library.scripts_page import ScriptsPage
from console.features.runs.run_dialog import RunDialog
from console.shell.closed_page import ClosedPage
from console.widgets.confirm import ConfirmDialog
from console.widgets.dragging import objects_data
from tests.console.people import become, open_every_page, role_named, window
from tests.helpers.halves import Halves, halves, person
from tests.helpers.near_service import NearService, migrated, near, quick_passwords
from tests.helpers.waiting import until

__all__ = ["migrated", "near", "quick_passwords"]

Run = Callable[[Any], Any]
SCRIPTS = "/api/v1/scripts"

OPEN_TO_ALL = {
    "account", "admission", "approvals", "device", "devices", "enrollment-tokens", "expected-devices",
    "group", "groups", "installed-on", "installed-software", "os-image", "os-images", "profile", "profiles",
    "retired-devices", "rollout", "run", "runs", "script", "scripts", "software", "software-item",
    "templates",
}  # fmt: skip
MORE = {
    "Helpdesk": set[str](),
    "Read only": set[str](),
    "Auditor": {"api-tokens", "audit", "backups", "retention", "roles", "settings", "users"},
}


async def signed_in(near: NearService, role: str) -> tuple[Halves, int, int]:
    """The window of somebody with that role: the fleet, a script and who they are."""
    site = await halves(near.service)
    script = await site.done("POST", SCRIPTS, {"name": "hello", "language": "bash", "content": "true"})
    user, headers = await person(site, "kim", await role_named(site, role))
    await become(near, site, headers)
    await until(lambda: near.context.live.get(SCRIPT, script["id"]), "the script")
    return site, script["id"], user


async def give(site: Halves, user: int, role: str) -> None:
    """That person has this role from now on."""
    kim = await site.done("GET", f"{USERS}/{user}")
    wanted = {"roles": [await role_named(site, role)]}
    answer = await site.service.client.put(
        f"{USERS}/{user}", json=wanted, headers={**site.owner, "If-Match": f'"{kim["version"]}"'}
    )
    assert answer.is_success, answer.text


def page_of(near: NearService, key: str, target: int | None = None) -> Any:
    near.context.navigator.open(key, None if target is None else str(target))
    return near.context.navigator.page


@pytest.mark.parametrize("role", list(MORE))
def test_no_page_that_is_open_to_them_asks_for_more_than_they_may(
    near: NearService, qtbot: QtBot, run: Run, role: str
) -> None:
    async def story() -> None:
        site, script, _ = await signed_in(near, role)
        with window(near, qtbot):
            targets = {"device": site.inside.device, "group": site.inside.group, "script": script}
            assert await open_every_page(near, targets) == OPEN_TO_ALL | MORE[role]
        assert near.forbidden == []

    run(story())


def test_who_only_reads_is_told_why_they_change_and_run_nothing(
    near: NearService, qtbot: QtBot, run: Run
) -> None:
    async def story() -> None:
        site, script, _ = await signed_in(near, "Read only")
        with window(near, qtbot) as shown:
            scripts = page_of(near, ScriptsPage.key)
            assert not scripts.new.isEnabled()
            assert scripts.new.toolTip() == "You do not have the right “Scripts: Create”."
            editor = page_of(near, ScriptPage.key, script)
            await until(lambda: not near.context.ops.running, "the script")
            assert editor.editor.code.edit.isReadOnly()
            assert not editor.editor.fields.isEnabled()
            assert not editor.run.isEnabled()
            assert editor.save.toolTip() == "You do not have the right “Scripts: Edit”."
            assert not editor.info.message.isEnabled()
            device = page_of(near, "device", site.inside.device)
            assert not device.tags.input.isEnabled()
            assert device.remove.toolTip() == "You do not have the right “Devices: Delete”."
            devices = page_of(near, DevicesPage.key)
            devices.table.select([site.inside.device])
            devices.table.setFocus()
            qtbot.keyClick(devices.table, Qt.Key.Key_Delete)
            assert not devices.run.isEnabled()
            assert shown.findChild(ConfirmDialog) is None
        assert near.forbidden == []

    run(story())


def hover(target: QAbstractItemView, data: QMimeData, at: QPoint) -> bool:
    """Whether what is dragged over that place is taken."""
    button, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(at, Qt.DropAction.MoveAction, data, button, none)
    move = QDragMoveEvent(at, Qt.DropAction.MoveAction, data, button, none)
    taken = False
    for event in (enter, move):
        event.ignore()
        QApplication.sendEvent(target.viewport(), event)
        taken = event.isAccepted()
    return taken


def test_who_only_reads_drags_and_renames_nothing(near: NearService, qtbot: QtBot, run: Run) -> None:
    async def story() -> None:
        site, script, user = await signed_in(near, "Read only")
        await site.done(
            "POST", SCRIPTS, {"name": "there", "language": "bash", "content": "true", "folder": "Linux"}
        )
        await until(lambda: len(near.known(SCRIPT)) == 2, "both scripts")
        with window(near, qtbot) as shown:
            shown.activateWindow()
            tree = page_of(near, ScriptsPage.key).tree
            rail = page_of(near, DevicesPage.key).rail
            rail.show()
            scripts = page_of(near, ScriptsPage.key)
            folder = Place(INSIDE, "Linux")
            tree.choose(folder)

            def offers() -> dict[str, bool]:
                """What a person can take hold of, and where it can go."""
                tree.setFocus()
                QTest.keyClick(tree, Qt.Key.Key_F2)
                renames = tree.state() is QAbstractItemView.State.EditingState
                QTest.keyClick(QApplication.focusWidget() or tree, Qt.Key.Key_Escape)
                onto = tree.visualItemRect(tree.currentItem()).center()
                group = rail.visualItemRect(rail.item(1)).center()
                return {
                    "rename": renames,
                    "drag a folder": tree.dragEnabled(),
                    "drop a script": hover(tree, objects_data(SCRIPT, [script]), onto),
                    "drop a file": scripts.acceptDrops(),
                    "drop a device": hover(rail, objects_data(DEVICE, [site.inside.device]), group),
                }

            assert set(offers().values()) == {False}, offers()
            await give(site, user, "Operator")
            await until(scripts.new.isEnabled, "the right to make scripts")
            assert set(offers().values()) == {True}, offers()
        assert near.forbidden == []

    run(story())


def test_who_only_reads_changes_no_profile(near: NearService, qtbot: QtBot, run: Run) -> None:
    async def story() -> None:
        site, script, user = await signed_in(near, "Read only")
        tasks = [{"name": name, "script_id": script, "action_type": "bash"} for name in ("one", "two")]
        profile = await site.done("POST", PROFILES, {"name": "Baseline", "tasks": tasks})
        with window(near, qtbot):
            page = page_of(near, "profile", profile["id"])
            await until(lambda: not near.context.ops.running, "the profile")
            editor = page.editor
            parts = (editor.fields, editor.form, editor.add, editor.copy, editor.remove)
            assert [part.isEnabled() for part in parts] == [False] * 5
            assert editor.add.toolTip() == "You do not have the right “Profiles: Edit”."
            assert editor.list.dragDropMode() is QAbstractItemView.DragDropMode.NoDragDrop
            editor.list.setFocus()
            for key in (Qt.Key.Key_Delete, Qt.Key.Key_Insert, Qt.Key.Key_F2):
                QTest.keyClick(editor.list, key)
            assert editor.list.state() is QAbstractItemView.State.NoState
            offered = [one.text() for one in editor.list.context_menu().actions() if one.isEnabled()]
            assert offered == []
            assert not editor.dirty
            await give(site, user, "Operator")
            await until(editor.fields.isEnabled, "the right to change profiles")
            assert [part.isEnabled() for part in parts] == [True] * 5
            QTest.keyClick(editor.list, Qt.Key.Key_Delete)
            assert [task.name for task in editor.value.tasks] == ["two"]
        assert near.forbidden == []

    run(story())


def test_who_looks_after_the_books_changes_no_setting(near: NearService, qtbot: QtBot, run: Run) -> None:
    async def story() -> None:
        await signed_in(near, "Auditor")
        with window(near, qtbot):
            page = page_of(near, "settings")
            await until(lambda: page.views and not near.context.ops.running, "the settings")
            fields = [field for view in page.views.values() for field in view.fields.values()]
            assert fields
            assert not any(field.box.isEnabled() for field in fields)
            assert page.save.toolTip() == "You do not have the right “Settings: Edit”."
            backups = page_of(near, "backups")
            assert not backups.make.isEnabled()
            await until(lambda: not near.context.ops.running, "the backups")
            rules = backups.rules
            parts = (rules.nightly, rules.at.box, rules.daily, rules.weekly, rules.output)
            assert [part.isEnabled() for part in parts] == [False] * 5
            retention = page_of(near, "retention")
            await until(lambda: not near.context.ops.running, "the rules")
            boxes = [field.box.isEnabled() for field in (retention.runs, retention.output, retention.room)]
            assert boxes == [False] * 3
        assert near.forbidden == []

    run(story())


def test_the_help_desk_runs_what_it_may_not_change(near: NearService, qtbot: QtBot, run: Run) -> None:
    async def story() -> None:
        _, script, _ = await signed_in(near, "Helpdesk")
        with window(near, qtbot) as shown:
            editor = page_of(near, ScriptPage.key, script)
            await until(lambda: not near.context.ops.running, "the script")
            assert not editor.save.isEnabled()
            editor.run.click()
            dialog = shown.findChild(RunDialog)
            assert dialog is not None
            await until(lambda: not near.context.ops.running, "the preview")
            dialog.reject()
        assert near.forbidden == []

    run(story())


def test_the_window_follows_when_somebody_is_given_more_and_less(
    near: NearService, qtbot: QtBot, run: Run
) -> None:
    async def story() -> None:
        site, _, user = await signed_in(near, "Read only")

        with window(near, qtbot):
            scripts = page_of(near, ScriptsPage.key)
            assert not scripts.new.isEnabled()
            await give(site, user, "Operator")
            await until(scripts.new.isEnabled, "the right to make scripts")
            settings = page_of(near, "settings")
            await give(site, user, "Helpdesk")
            await until(lambda: isinstance(near.context.navigator.page, ClosedPage), "the closed page")
            assert not scripts.new.isEnabled()
            await give(site, user, "Auditor")
            await until(lambda: near.context.navigator.page is settings, "the settings again")

    run(story())
