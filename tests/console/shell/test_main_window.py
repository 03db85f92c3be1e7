from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QWidget,
)
from pytestqt.qtbot import QtBot

from console.shell.context import Context
from console.shell.feature import Command, Feature, Match, NavEntry
from console.shell.main_window import MainWindow
from console.shell.navigation import COUNT
from console.shell.navigator import Place
from console.shell.notices import Action
from console.shell.page import Page
from console.shell.parts import button, column, label
from console.shell.start_screens import FailedScreen, StartingScreen
from tests.console.conftest import OWNER, World
from tests.helpers.names import unnamed
from tests.helpers.waiting import until

DEVICES = [
    {"id": n, "hostname": f"LAB-PC-{n:03}", "admission": "approved", "connected": n != 2} for n in (1, 2, 3)
]


class _DevicePage(Page):
    search_hint = "Find a device"

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.setWindowTitle("Devices")
        self.press = button("Run", lambda: None)
        self.setLayout(column(self.press))
        self.side = label("LAB-PC-001")
        self.shown: QWidget | None = self.side
        self.target: str | None = None

    def show_target(self, target: str | None) -> None:
        self.target = target

    def details(self) -> QWidget | None:
        return self.shown


class _RunsPage(Page):
    def __init__(self, context: Context) -> None:
        super().__init__()
        self.setWindowTitle("Runs")


def features(pressed: list[str]) -> list[Feature]:
    return [
        Feature(
            "fleet",
            [NavEntry("Fleet", "Devices", "devices", "device", "device")],
            {"devices": _DevicePage, "device": _DevicePage},
            commands=[Command("Add a device", lambda _: pressed.append("add"), shortcut="Ctrl+D")],
            matches=[Match("device", "device", "device", lambda device: (str(device["hostname"]), ""))],
        ),
        Feature(
            "runs",
            [NavEntry("Activity", "Runs", "runs", "runs", "run", lambda run: run["state"] == "running")],
            {"runs": _RunsPage},
        ),
    ]


@pytest.fixture
def pressed() -> list[str]:
    return []


@pytest.fixture
def window(world: World, run: Any, qtbot: QtBot, pressed: list[str]) -> Iterator[MainWindow]:
    world.context.session.user = OWNER
    runs = [{"id": 1, "state": "running", "rollout_id": 4}, {"id": 2, "state": "succeeded", "rollout_id": 3}]
    rollout = {
        "id": 4,
        "title": "Free disk space",
        "state": "running",
        "counters": {"total": 4, "succeeded": 1, "failed": 1, "running": 1, "waiting": 1},
    }
    run(world.go_live(device=DEVICES, run=runs, rollout=[rollout]))
    made = MainWindow(world.context)
    qtbot.addWidget(made)
    made.show_workspace(features(pressed))
    world.context.navigator.open("devices")
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close_now()


def keys(window: MainWindow, *sequences: str) -> None:
    for sequence in sequences:
        QTest.keySequence(window.focusWidget() or window, sequence)


def test_the_navigation_counts_from_the_live_store(window: MainWindow) -> None:
    assert window.workspace is not None
    model = window.workspace.navigation.model()
    rows = {model.index(n, 0).data(): model.index(n, 0).data(COUNT) for n in range(model.rowCount())}
    assert rows == {"Fleet": None, "Devices": "3", "Activity": None, "Runs": "1"}


def test_the_arrow_keys_walk_through_the_pages(window: MainWindow) -> None:
    assert window.workspace is not None
    window.workspace.navigation.setFocus()
    keys(window, "Down")
    assert window.context.navigator.place == Place("runs")
    assert window.windowTitle() == "Runs – DeployFlow"


def test_a_service_with_a_name_of_its_own_is_called_by_it(window: MainWindow, world: World, run: Any) -> None:
    assert window.status.name.isHidden()
    facts = {"id": 1, "name": "Branch office", "lock_minutes": 15, "local_sign_in": True}
    world.live.change(2, "service", 1, facts)
    run(until(window.status.name.isVisible, "name"))
    assert window.status.name.text() == "Branch office"
    assert window.windowTitle() == "Devices – Branch office – DeployFlow"
    world.live.change(3, "service", 1, {"name": "DeployFlow"})
    run(until(window.status.name.isHidden, "the product's own name"))
    assert window.windowTitle() == "Devices – DeployFlow"


def test_the_search_box_finds_and_opens_without_a_mouse(window: MainWindow, qtbot: QtBot) -> None:
    keys(window, "Ctrl+K")
    assert window.top.search.edit.hasFocus()
    qtbot.keyClicks(window.top.search.edit, "003")
    assert window.top.search.popup.isVisible()
    keys(window, "Return")
    assert window.context.navigator.place == Place("device", "3")
    assert not window.top.search.popup.isVisible()


def test_escape_gives_the_focus_back(window: MainWindow) -> None:
    assert window.workspace is not None
    window.workspace.navigation.setFocus()
    keys(window, "Ctrl+K", "Escape")
    assert window.workspace.navigation.hasFocus()
    assert not window.top.search.popup.isVisible()


def test_a_command_runs_from_the_palette_and_by_its_key(
    window: MainWindow, qtbot: QtBot, pressed: list[str]
) -> None:
    keys(window, "Ctrl+Shift+P")
    qtbot.keyClicks(window.top.search.edit, "add")
    keys(window, "Return", "Ctrl+D")
    assert pressed == ["add", "add"]


def test_keys_of_the_areas_rest_while_nobody_is_signed_in(
    window: MainWindow, world: World, pressed: list[str]
) -> None:
    assert "Add a device" in {command.title for command in window.commands}
    window.show_screen(StartingScreen())
    keys(window, "Ctrl+D")
    assert pressed == []
    assert "Add a device" not in {command.title for command in window.commands}
    window.show_workspace(features(pressed))
    world.context.navigator.open("devices")
    keys(window, "Ctrl+D")
    assert pressed == ["add"]


def test_back_and_forward_by_keys(window: MainWindow) -> None:
    window.context.navigator.open("runs")
    keys(window, "Alt+Left")
    assert window.context.navigator.place == Place("devices")
    keys(window, "Alt+Right")
    assert window.context.navigator.place == Place("runs")


def test_the_right_pane_shows_what_the_page_gives_and_hides_without(window: MainWindow) -> None:
    assert window.workspace is not None
    page = window.context.navigator.page
    assert isinstance(page, _DevicePage)
    assert page.side.isVisible()
    page.shown = None
    page.details_changed.emit()
    assert not window.workspace.details.isVisible()
    page.shown = page.side
    window.context.navigator.open("runs")
    assert not window.workspace.details.isVisible()
    window.context.navigator.open("devices")
    assert page.side.isVisible()


def test_what_is_running_is_told_with_its_progress(window: MainWindow) -> None:
    assert window.workspace is not None
    lines = window.workspace.activity.lines
    (activity,) = [lines.model().index(n, 0).data(0) for n in range(lines.model().rowCount())]
    assert activity == "Free disk space"
    assert window.workspace.activity.tabs.tabText(0) == "Activity · 1"
    assert window.status.runs.text() == "1 run active"
    assert window.status.devices.text() == "2 of 3 devices connected"


def test_a_rollout_opens_from_the_activity(window: MainWindow, world: World) -> None:
    assert window.workspace is not None
    opened: list[tuple[str, str | None]] = []
    world.context.navigator.add("run", lambda: _RunsPage(world.context))
    world.context.navigator.arrived.connect(
        lambda _page, place: opened.append((place.page_key, place.target))
    )
    window.workspace.activity.opened.emit(4)
    assert opened == [("run", "1")]


def test_the_activity_panel_can_be_put_away_and_stays_so(window: MainWindow, world: World) -> None:
    assert window.workspace is not None
    keys(window, "Ctrl+J")
    assert not window.workspace.activity.isVisible()
    window.show_workspace(features([]))
    world.context.navigator.open("devices")
    assert not window.workspace.activity.isVisible()


def test_a_banner_stays_until_it_is_cleared(window: MainWindow, world: World) -> None:
    tried: list[str] = []
    world.context.notices.banner(
        "service", "It is gone.", action=Action("Try now", lambda: tried.append("x"))
    )
    assert window.banners.texts() == ["It is gone."]
    world.context.notices.banner("service", "It is still gone.")
    assert window.banners.texts() == ["It is still gone."]
    world.context.notices.clear("service")
    assert window.banners.texts() == []


def test_a_notice_goes_away_by_itself(
    window: MainWindow, world: World, monkeypatch: pytest.MonkeyPatch, run: Any
) -> None:
    monkeypatch.setattr("console.shell.notices_view.SHOWN_MS", 1)
    world.context.notices.notice("Saved.", "good")
    assert len(window.toasts.shown) == 1
    run(until(lambda: not window.toasts.shown, "end of the notice"))


def test_what_was_said_to_one_person_is_not_there_for_the_next(window: MainWindow, world: World) -> None:
    world.context.notices.banner("service", "It is gone.")
    world.context.notices.notice("The script was moved.", action=Action("Undo", lambda: None))
    world.context.notices.notice("The disk is full.", "bad")
    window.show_screen(QWidget())
    window.show_workspace(features([]))
    assert window.toasts.shown == []
    assert window.status.error.isHidden()
    assert window.workspace is not None
    assert window.workspace.activity.messages.count() == 0
    assert window.banners.texts() == ["It is gone."]


def test_the_last_error_stays_in_the_status_bar(window: MainWindow, world: World) -> None:
    world.context.notices.notice("Saved.", "good")
    assert window.status.error.isHidden()
    world.context.notices.notice("The disk is full.", "bad")
    assert window.status.error.text() == "The disk is full."
    window.status.error.click()
    assert window.workspace is not None
    assert window.workspace.activity.messages.item(0).text().endswith("The disk is full.")


def test_a_bug_has_a_dialog_with_id_and_copy(window: MainWindow, world: World) -> None:
    world.context.notices.bug("Save failed.", "abc123", "Traceback: here")
    world.context.notices.bug("And then this.", "def456", "Traceback: there")
    dialog = window._dialog
    assert dialog is not None
    assert dialog.isVisible()
    dialog.copy.click()
    copied = QGuiApplication.clipboard().text()
    assert "abc123" in copied
    assert "Traceback: here" in copied
    dialog.accept()
    assert window._dialog is None


def test_the_look_is_chosen_and_kept(window: MainWindow, world: World) -> None:
    keys(window, "Ctrl+K")
    window.top.search.edit.setText("> dark theme")
    window.top.search.edit.textEdited.emit("> dark theme")
    keys(window, "Return")
    assert world.context.theme.tokens.dark
    assert world.context.settings.value("window/theme") == "dark"


def test_f6_goes_round_the_panes(window: MainWindow) -> None:
    assert window.workspace is not None
    window.workspace.navigation.setFocus()
    seen = []
    for _ in range(4):
        keys(window, "F6")
        seen.append(window.focusWidget())
    page = window.context.navigator.page
    assert isinstance(page, _DevicePage)
    panes = window.workspace
    assert seen[0] is page.press
    assert panes.details.isAncestorOf(seen[1])
    assert seen[2:] == [panes.activity.lines, panes.navigation]


def test_it_comes_back_as_it_was_left(window: MainWindow, world: World, tmp_path: Path, qtbot: QtBot) -> None:
    window.resize(900, 640)
    assert window.workspace is not None
    window.workspace._across.setSizes([300, 500, 300])
    sizes = window.workspace._across.sizes()
    window.save()
    window.show_screen(StartingScreen())
    again = MainWindow(world.context)
    qtbot.addWidget(again)
    again.show_workspace(features([]))
    world.context.navigator.open("devices")
    again.show()
    assert again.height() == 640
    assert again.workspace is not None
    assert again.workspace._across.sizes() == sizes
    again.close_now()


def test_closing_asks_whoever_made_the_window(window: MainWindow, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window.close_wanted):
        window.close()
    assert window.isVisible()


def test_a_screen_replaces_the_workspace(window: MainWindow) -> None:
    window.show_screen(StartingScreen())
    assert window.workspace is None
    assert not window.top.search.isVisible()
    tried: list[str] = []
    failed = FailedScreen("No start", "Port 1 is taken.", lambda: None, lambda: tried.append("again"))
    window.show_screen(failed)
    failed.setFocus()
    keys(window, "Space")
    assert tried == ["again"]


def test_a_damaged_settings_file_counts_as_empty(world: World, tmp_path: Path, qtbot: QtBot) -> None:
    world.context.settings.setValue("window/geometry", "rubbish")
    world.context.settings.setValue("window/across", 3)
    window = MainWindow(world.context)
    qtbot.addWidget(window)
    window.show_workspace(features([]))
    assert (window.width(), window.height()) == (1280, 800)
    window.close_now()


def test_every_control_has_a_name(window: MainWindow) -> None:
    assert unnamed(window) == []
