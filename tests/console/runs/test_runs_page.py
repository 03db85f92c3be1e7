"""All runs, and those of one rollout."""

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from backend_lite.contract.runs import ROLLOUTS, RUNS
from console.features.runs.feature import feature
from console.features.runs.runs_page import RunsPage
from console.widgets.confirm import ConfirmDialog
from tests.console import objects
from tests.console.conftest import World
from tests.console.trips import Trips
from tests.helpers.names import unnamed
from tests.helpers.waiting import until

Run = Callable[[Any], Any]
SOME = [
    objects.run(1, "succeeded"),
    objects.run(2, "failed", device="PC-02", rollout_id=8),
    objects.run(3, "running", rollout_id=8),
]


@pytest.fixture
def trips(world: World, monkeypatch: pytest.MonkeyPatch) -> Trips:
    return Trips(world, monkeypatch)


@pytest.fixture
def page(world: World, trips: Trips, run: Run, qtbot: QtBot) -> RunsPage:
    made = RunsPage(world.context)
    qtbot.addWidget(made)
    made.resize(1000, 400)
    made.show()

    async def story() -> None:
        counters = {"total": 2, "succeeded": 0, "failed": 1, "running": 1}
        await world.go_live(
            run=SOME, rollout=[objects.rollout(7), objects.rollout(8, "running", counters=counters)]
        )
        await until(lambda: made.table.model_.total == 3)

    run(story())
    return made


def ids(page: RunsPage) -> list[int]:
    return [item["id"] for item in page.table.model_.shown_objects()]


def cells(page: RunsPage, row: int) -> list[str]:
    item = list(page.table.model_.shown_objects())[row]
    return [column.text(item) for column in page.table.model_.columns]


def test_runs_are_listed_newest_first(page: RunsPage) -> None:
    assert ids(page) == [3, 2, 1]
    assert cells(page, 1) == ["Failed", "Script 1", "PC-02", "10:41", "10 s", "3", "owner", ""]
    assert cells(page, 0)[4:6] == ["12 s", "–"]
    assert unnamed(page) == []


def test_chips_show_runs_by_state(page: RunsPage) -> None:
    page.filter.choose("open")
    assert ids(page) == [3]
    page.filter.choose("failed")
    assert ids(page) == [2]
    page.filter.choose("succeeded")
    assert ids(page) == [1]


def test_a_run_that_ends_is_seen(page: RunsPage, world: World, run: Run) -> None:
    page.table.select([3])

    async def story() -> None:
        world.live.change(2, "run", 3, objects.run(3, "succeeded", rollout_id=8))
        await until(lambda: cells(page, 0)[0] == "Succeeded")
        await until(lambda: page.info.badge.text() == "Succeeded")

    run(story())


def test_a_run_is_opened(page: RunsPage, trips: Trips) -> None:
    page.table.select([2])
    QTest.keyClick(page.table, Qt.Key.Key_Return)
    page.info.open.click()
    page.info.device.click()
    assert trips.opened == [("run", "2"), ("run", "2"), ("device", "1")]


def test_several_open_runs_are_cancelled(page: RunsPage, world: World, run: Run) -> None:
    world.api.answers[f"POST {RUNS}/3/cancel"] = (200, objects.run(3, "cancelling"))
    page.table.select([1, 2, 3])
    menu = page.table.context_menu()

    async def story() -> None:
        next(action for action in menu.actions() if action.text() == "Cancel").trigger()
        await until(lambda: world.api.calls() == [f"POST {RUNS}/3/cancel"])

    run(story())


def test_older_runs_are_loaded_page_by_page(page: RunsPage, world: World, run: Run) -> None:
    older = [objects.run(-1), objects.run(-2)]
    world.api.answers[f"GET {RUNS}"] = lambda request: (
        (200, {"items": [objects.run(1), older[0]], "next": "c"})
        if "cursor" not in request.url.params
        else (200, {"items": [older[1]], "next": None})
    )

    async def story() -> None:
        page.older.click()
        await until(lambda: ids(page) == [3, 2, 1, -1])
        page.older.click()
        await until(lambda: ids(page) == [3, 2, 1, -1, -2])
        world.live.change(2, "run", 4, objects.run(4))
        await until(lambda: ids(page)[0] == 4)

    run(story())
    assert page.older.isHidden()
    assert page._note.text() == "That is all: 6 runs."


def test_a_rollout_shows_its_runs_and_its_progress(
    page: RunsPage, world: World, trips: Trips, run: Run
) -> None:
    world.api.answers[f"GET {RUNS}"] = (200, {"items": [objects.run(-5, rollout_id=8)], "next": None})

    async def story() -> None:
        page.show_target("rollout:8")
        await until(lambda: ids(page) == [3, 2, -5])
        assert page.rollout.title.text() == "Script 1 → 2 devices"
        assert page.rollout.counts.text() == "1 failed   1 running"
        assert page.rollout.bar.accessibleDescription() == "1 failed, 1 running"
        world.live.change(
            2, "rollout", 8, {"counters": {"total": 2, "failed": 1, "succeeded": 1}, "state": "done"}
        )
        await until(lambda: page.rollout.counts.text() == "1 succeeded   1 failed")
        assert page.rollout.cancel.isHidden()
        page.rollout.all.click()
        assert trips.opened == [("runs", None)]
        page.show_target(None)
        assert ids(page) == [3, 2, 1]

    run(story())
    request = world.api.requests[0]
    assert request.url.params["rollout_id"] == "8"


def test_a_rollout_is_cancelled_after_a_question(page: RunsPage, world: World, run: Run) -> None:
    world.api.answers[f"GET {RUNS}"] = (200, {"items": [], "next": None})
    world.api.answers[f"POST {ROLLOUTS}/8/cancel"] = (200, objects.rollout(8, "cancelled"))

    async def story() -> None:
        page.show_target("rollout:8")
        page.rollout.cancel.click()
        page.findChildren(ConfirmDialog)[-1].buttons["yes"].click()
        await until(page.rollout.cancel.isHidden)

    run(story())


def test_nothing_was_run_yet(world: World, trips: Trips, run: Run, qtbot: QtBot) -> None:
    page = RunsPage(world.context)
    qtbot.addWidget(page)
    run(world.go_live(run=[]))
    assert page.centre.currentWidget() is page.nothing


def test_the_palette_finds_runs() -> None:
    assert [match.describe(SOME[1]) for match in feature().matches] == [("Script 1", "PC-02 · Failed")]
