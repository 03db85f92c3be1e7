"""What is running now, and what has just ended."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from backend_lite.contract.accounts import RIGHTS
from backend_lite.contract.runs import ROLLOUTS
from console.core.activity import Activity
from console.shell.activity_list import ACTIVITY
from console.shell.activity_panel import KEEP_ENDED_S, MOST_ENDED, ActivityPanel
from console.widgets.confirm import ConfirmDialog
from tests.console import objects
from tests.console.conftest import World
from tests.helpers.names import unnamed
from tests.helpers.waiting import until

Run = Callable[[Any], Any]
RUNNING = objects.rollout(
    1, "running", title="Free disk", counters={"total": 4, "succeeded": 1, "running": 2}
)
HALTED = objects.rollout(2, "halted", title="Update", counters={"total": 9, "succeeded": 1, "failed": 3})
ENDED = objects.rollout(3, "done", title="Old")


@pytest.fixture
def panel(world: World, run: Run, qtbot: QtBot) -> ActivityPanel:
    made = ActivityPanel(world.context)
    qtbot.addWidget(made)
    made.resize(900, 200)
    made.show()

    async def story() -> None:
        await world.go_live(rollout=[RUNNING, HALTED, ENDED])
        await until(lambda: len(lines(made)) == 2)

    run(story())
    return made


def lines(panel: ActivityPanel) -> list[Activity]:
    model = panel.lines.model()
    found = [model.index(row, 0).data(ACTIVITY) for row in range(model.rowCount())]
    return [activity for activity in found if activity is not None]


def titles(panel: ActivityPanel) -> list[str]:
    return [activity.title for activity in lines(panel)]


def click(panel: ActivityPanel, row: int, at: QPoint | None = None) -> None:
    index = panel.lines.model().index(row, 0)
    point = at or panel.lines.visualRect(index).center()
    QTest.mouseClick(panel.lines.viewport(), Qt.MouseButton.LeftButton, pos=point)


def test_what_stands_still_comes_first_and_stands_out(panel: ActivityPanel) -> None:
    assert [(line.title, line.text, line.note, line.stands_out) for line in lines(panel)] == [
        ("Update", "4 of 9 done, 3 failed", "Halted", True),
        ("Free disk", "1 of 4 done, 2 running", "Running", False),
    ]
    assert panel.tabs.tabText(0) == "Activity · 2"
    assert unnamed(panel) == []


def test_a_click_or_enter_opens_the_rollout(panel: ActivityPanel, qtbot: QtBot) -> None:
    opened: list[int] = []
    panel.opened.connect(opened.append)
    click(panel, 1)
    assert opened == [1]
    panel.lines.setCurrentIndex(panel.lines.model().index(0, 0))
    QTest.keyClick(panel.lines, Qt.Key.Key_Return)
    assert opened == [1, 2]


@pytest.mark.parametrize("way", ["cross", "delete", "menu"])
def test_a_rollout_is_cancelled_after_a_question(
    panel: ActivityPanel, world: World, run: Run, way: str
) -> None:
    world.api.answers[f"POST {ROLLOUTS}/1/cancel"] = (200, objects.rollout(1, "cancelled"))
    opened: list[int] = []
    panel.opened.connect(opened.append)
    index = panel.lines.model().index(1, 0)

    async def story() -> None:
        if way == "cross":
            click(panel, 1, panel.lines.cancel_area(index).center())
        elif way == "delete":
            panel.lines.setCurrentIndex(index)
            QTest.keyClick(panel.lines, Qt.Key.Key_Delete)
        else:
            menu = panel.lines.menu_of(index)
            assert menu is not None
            next(action for action in menu.actions() if action.text() == "Cancel…").trigger()
        panel.findChildren(ConfirmDialog)[-1].buttons["yes"].click()
        await until(lambda: world.api.calls() == [f"POST {ROLLOUTS}/1/cancel"])

    run(story())
    assert opened == []


def test_who_may_not_run_is_offered_no_cancelling(panel: ActivityPanel, world: World, run: Run) -> None:
    index = panel.lines.model().index(1, 0)
    cross = panel.lines.cancel_area(index)

    def seen() -> QImage:
        return panel.lines.viewport().grab(cross).toImage()

    with_cross = seen()
    world.api.answers[f"GET {RIGHTS}"] = (200, {"permissions": ["rollouts:view"]})
    run(world.context.rights.read())
    assert seen() != with_cross
    opened: list[int] = []
    panel.opened.connect(opened.append)
    click(panel, 1, cross.center())
    panel.lines.setCurrentIndex(index)
    QTest.keyClick(panel.lines, Qt.Key.Key_Delete)
    assert panel.findChild(ConfirmDialog) is None
    assert opened == [1], "the end of the line opens it like the rest"
    menu = panel.lines.menu_of(index)
    assert menu is not None
    assert [(one.isEnabled(), one.toolTip()) for one in menu.actions()[1:]] == [
        (False, "You do not have the right “Rollouts: Run”.")
    ]


def test_what_ends_stays_for_a_while(panel: ActivityPanel, world: World, run: Run) -> None:
    now = [datetime(2026, 3, 4, 11, 0, tzinfo=UTC)]
    world.context.clock = lambda: now[0]

    async def story() -> None:
        world.live.change(2, "rollout", 1, {"state": "done", "counters": {"total": 4, "succeeded": 4}})
        await until(lambda: lines(panel)[-1].note == "Done")
        assert titles(panel) == ["Update", "Free disk"]
        assert panel.tabs.tabText(0) == "Activity · 1"
        menu = panel.lines.menu_of(panel.lines.model().index(1, 0))
        assert menu is not None
        assert [action.text() for action in menu.actions()] == ["Open the rollout"]
        now[0] += timedelta(seconds=KEEP_ENDED_S)
        panel._forgetter.timeout.emit()
        assert titles(panel) == ["Update"]

    run(story())


def test_of_many_only_the_newest_ends_stay(panel: ActivityPanel, world: World, run: Run) -> None:
    many = range(100, 100 + MOST_ENDED + 5)

    async def story() -> None:
        for number in many:
            world.live.change(number, "rollout", number, objects.rollout(number, "running"))
        await until(lambda: len(lines(panel)) == len(many) + 2)
        for number in many:
            world.live.change(1000 + number, "rollout", number, {"state": "done"})
        await until(lambda: panel.tabs.tabText(0) == "Activity · 2")
        panel._forgetter.timeout.emit()
        assert len(lines(panel)) == MOST_ENDED + 2

    run(story())


def test_what_is_gone_after_a_new_snapshot_is_dropped(panel: ActivityPanel, world: World, run: Run) -> None:
    async def story() -> None:
        world.live.snapshot(9, rollout=[HALTED])
        await until(lambda: titles(panel) == ["Update"])
        world.live.change(10, "rollout", 2, None)
        await until(lambda: titles(panel) == [])

    run(story())
