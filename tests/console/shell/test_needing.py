"""Buttons, menu entries, keys, commands and pages that need a right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import shiboken6
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from backend_lite.contract.accounts import RIGHTS
from console.core.own_rights import Need
from console.shell.closed_page import ClosedPage
from console.shell.feature import Command, Feature, NavEntry
from console.shell.main_window import MainWindow
from console.shell.navigation import Navigation
from console.shell.needing import gate
from console.shell.page import Page
from console.shell.palette import Palette
from console.shell.parts import button, icon_button
from tests.console.conftest import World

Grant = Callable[..., None]
REASON = "You do not have the right “Scripts: Edit”."


@pytest.fixture
def grant(world: World, run: Callable[[Any], Any]) -> Grant:
    def to(*permissions: str) -> None:
        world.api.answers[f"GET {RIGHTS}"] = (200, {"permissions": list(permissions)})
        run(world.context.rights.read())

    return to


@pytest.fixture
def need(world: World) -> Need:
    return world.context.rights.need("scripts:edit")


def test_a_button_says_what_is_missing_and_comes_back_as_it_was(
    grant: Grant, need: Need, qtbot: QtBot
) -> None:
    clicked: list[bool] = []
    save = button("Save", lambda: clicked.append(True), name="Save (Ctrl+S)", need=need)
    qtbot.addWidget(save)
    assert (save.isEnabled(), save.toolTip()) == (True, "Save (Ctrl+S)")
    grant("scripts:view")
    assert (save.isEnabled(), save.toolTip(), save.accessibleDescription()) == (False, REASON, REASON)
    save.click()
    grant("scripts:edit")
    assert (save.isEnabled(), save.toolTip(), save.accessibleDescription()) == (True, "Save (Ctrl+S)", "")
    save.click()
    assert clicked == [True]


def test_a_page_that_enables_its_button_gives_no_right(grant: Grant, need: Need, qtbot: QtBot) -> None:
    remove = icon_button("trash", "Remove", lambda: None, need)
    qtbot.addWidget(remove)
    remove.setEnabled(False)
    grant("scripts:edit")
    assert not remove.isEnabled()
    grant()
    remove.setEnabled(True)
    remove.setToolTip("Remove it")
    assert (remove.isEnabled(), remove.toolTip()) == (False, REASON)
    grant("scripts:edit")
    assert (remove.isEnabled(), remove.toolTip()) == (True, "Remove it")


def test_a_button_that_is_gone_is_not_told(grant: Grant, need: Need, qtbot: QtBot) -> None:
    shiboken6.delete(button("Save", lambda: None, need=need))
    grant()


def test_an_entry_of_a_menu_and_a_key(grant: Grant, need: Need, qtbot: QtBot) -> None:
    menu = QMenu()
    qtbot.addWidget(menu)
    rename, busy = menu.addAction("Rename"), menu.addAction("Busy")
    busy.setEnabled(False)
    key = QShortcut(QKeySequence("Del"), menu)
    for entry in (rename, busy):
        gate(entry, need)
    gate(key, need)
    grant()
    assert menu.toolTipsVisible()
    assert (rename.isEnabled(), rename.toolTip(), key.isEnabled()) == (False, REASON, False)
    grant("scripts:edit")
    assert (rename.isEnabled(), rename.toolTip(), key.isEnabled()) == (True, "Rename", True)
    assert not busy.isEnabled()


def _features(done: list[str]) -> list[Feature]:
    new = Command("New script", lambda _: done.append("made"), shortcut="Ctrl+9", needs=("scripts:edit",))
    entries = [NavEntry("Library", "Scripts", "scripts", "script"), NavEntry("Me", "Account", "me", "user")]
    pages = {"scripts": lambda _: Page(), "me": lambda _: Page()}
    return [Feature("library", entries, pages, commands=[new], needs={"scripts": ("scripts:view",)})]


def test_a_command_says_what_is_missing(grant: Grant, world: World) -> None:
    done: list[str] = []
    palette = Palette(_features(done), world.context)
    assert [found.secondary for found in palette.search("> new")] == ["Ctrl+9"]
    grant("scripts:view")
    (found,) = palette.search("> new")
    assert found.secondary == REASON
    found.run()
    assert (done, [notice.text for notice in world.notices]) == ([], [REASON])
    grant("scripts:edit")
    palette.search("> new")[0].run()
    assert done == ["made"]


def _titles(navigation: Navigation) -> list[str]:
    model = navigation.model()
    return [str(model.index(row, 0).data()) for row in range(model.rowCount())]


def test_pages_come_and_go_with_their_right(grant: Grant, world: World, qtbot: QtBot) -> None:
    window = MainWindow(world.context)
    qtbot.addWidget(window, before_close_func=lambda _: window.close_now())
    grant("scripts:view")
    workspace = window.show_workspace(_features([]))
    navigator, navigation = world.context.navigator, workspace.navigation
    assert workspace.home("scripts") == "scripts"
    navigator.open("scripts", "7")
    page = navigator.page
    grant("audit:view")
    assert _titles(navigation) == ["Me", "Account"]
    assert workspace.home("scripts") == "me"
    closed = navigator.page
    assert isinstance(closed, ClosedPage)
    assert not navigation.currentIndex().isValid()
    assert closed.said.text.text() == (
        "You do not have the right “Scripts: View”. Whoever looks after the roles can give it to you."
    )
    assert [found.title for found in Palette(_features([]), world.context).search("s")] == ["New script"]
    grant("scripts:view")
    assert _titles(navigation) == ["Library", "Scripts", "Me", "Account"]
    assert navigator.page is page
    assert navigation.currentIndex().data() == "Scripts"
