"""All rollouts, and all runs."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from backend_lite.contract.live import LIVE_ENDED_RUNS
from backend_lite.contract.runs import ROLLOUTS, RUNS
from console.core.run_request import RUN_DIALOG
from console.features.runs.feature import feature
from console.features.runs.runs_page import RunsPage
from console.widgets.confirm import ConfirmDialog
from console.widgets.count_check import CountCheck
from console.widgets.history_list import HistoryList
from console.widgets.saved_views import SavedView
from tests.console import objects
from tests.console.conftest import World
from tests.console.trips import Trips
from tests.helpers.names import unnamed
from tests.helpers.waiting import until

Run = Callable[[Any], Any]
SOME = [
    objects.run(1, "succeeded"),
    objects.run(2, "failed", device="PC-02", device_id=2, rollout_id=8),
    objects.run(3, "running", rollout_id=8),
]
TWO = [
    objects.rollout(7),
    objects.rollout(8, "running", counters={"total": 2, "succeeded": 0, "failed": 1, "running": 1}),
]


@pytest.fixture
def trips(world: World, monkeypatch: pytest.MonkeyPatch) -> Trips:
    return Trips(world, monkeypatch)


def make(world: World, qtbot: QtBot) -> RunsPage:
    made = RunsPage(world.context)
    qtbot.addWidget(made)
    made.resize(1000, 400)
    made.show()
    return made


@pytest.fixture
def page(world: World, trips: Trips, run: Run, qtbot: QtBot) -> RunsPage:
    made = make(world, qtbot)

    async def story() -> None:
        await world.go_live(run=SOME, rollout=TWO)
        await until(lambda: made.runs.table.model_.total == 3 and made.rollouts.table.model_.total == 2)

    run(story())
    return made


@pytest.fixture
def all_runs(page: RunsPage) -> RunsPage:
    page.switch.choose("runs")
    return page


def ids(part: HistoryList) -> list[int]:
    return [item["id"] for item in part.table.model_.shown_objects()]


def cells(part: HistoryList, row: int) -> list[str]:
    item = list(part.table.model_.shown_objects())[row]
    return [column.text(item) for column in part.table.model_.columns if not column.hidden]


def ask(part: HistoryList, query: str) -> None:
    part.filter.box.setText(query)
    part.filter.query_box.say_now()
    part.filter._tell()


# ---- rollouts


def test_rollouts_are_listed_with_their_progress(page: RunsPage) -> None:
    assert ids(page.rollouts) == [8, 7]
    assert cells(page.rollouts, 0) == [
        "Running",
        "Script 1",
        "2",
        "1 of 2 done, 1 failed, 1 running",
        "1",
        "10:41",
        "",
    ]
    assert unnamed(page) == []


def test_a_rollout_is_opened_and_cancelled_after_a_question(
    page: RunsPage, world: World, trips: Trips, run: Run
) -> None:
    world.api.answers[f"POST {ROLLOUTS}/8/cancel"] = (200, objects.rollout(8, "cancelled"))
    page.rollouts.table.select([8])
    QTest.keyClick(page.rollouts.table, Qt.Key.Key_Return)
    assert trips.opened == [("rollout", "8")]

    async def story() -> None:
        QTest.keyClick(page.rollouts.table, Qt.Key.Key_Delete)
        page.findChildren(ConfirmDialog)[-1].buttons["yes"].click()
        await until(lambda: world.api.calls() == [f"POST {ROLLOUTS}/8/cancel"])

    run(story())


def test_chips_and_queries_find_rollouts(page: RunsPage) -> None:
    page.rollouts.filter.choose("open")
    assert ids(page.rollouts) == [8]
    page.rollouts.filter.choose("all")
    ask(page.rollouts, "state:done created<1h")
    assert ids(page.rollouts) == [7]


# ---- runs


def test_runs_are_listed_newest_first(all_runs: RunsPage) -> None:
    assert ids(all_runs.runs) == [3, 2, 1]
    assert cells(all_runs.runs, 1) == ["Failed", "Script 1", "PC-02", "10:41", "10 s", "3", ""]
    assert cells(all_runs.runs, 0)[4:6] == ["12 s", "–"]
    assert unnamed(all_runs) == []


def test_the_columns_need_no_scrolling_beside_the_details(all_runs: RunsPage) -> None:
    for part in (all_runs.runs, all_runs.rollouts):
        shown = [column.width for column in part.table.model_.columns if not column.hidden]
        assert sum(shown) <= 715


def test_chips_show_runs_by_state(all_runs: RunsPage) -> None:
    for key, expected in (("open", [3]), ("failed", [2]), ("succeeded", [1])):
        all_runs.runs.filter.choose(key)
        assert ids(all_runs.runs) == expected


def test_a_query_that_cannot_be_understood_says_so_and_leaves_the_rows(all_runs: RunsPage) -> None:
    ask(all_runs.runs, "state:failed")
    assert ids(all_runs.runs) == [2]
    ask(all_runs.runs, "state:faild")
    assert all_runs.runs.problem.text() == 'state is never "faild". Did you mean failed?'
    assert ids(all_runs.runs) == [2]
    ask(all_runs.runs, "")
    assert all_runs.runs.problem.text() == ""
    assert ids(all_runs.runs) == [3, 2, 1]


def test_why_a_run_waits_and_until_when_stands_beside_it(all_runs: RunsPage, world: World, run: Run) -> None:
    waiting = objects.run(4, "waiting", waiting="PC-01 is offline.", until="2026-03-04T12:00:00.000Z")

    async def story() -> None:
        world.live.change(2, "run", 4, waiting)
        await until(lambda: ids(all_runs.runs)[0] == 4)

    run(story())
    assert cells(all_runs.runs, 0)[-1] == "PC-01 is offline. Until 12:00."


def test_a_run_that_ends_is_seen(all_runs: RunsPage, world: World, run: Run) -> None:
    all_runs.runs.table.select([3])

    async def story() -> None:
        world.live.change(2, "run", 3, objects.run(3, "succeeded", rollout_id=8))
        await until(lambda: cells(all_runs.runs, 0)[0] == "Succeeded")
        await until(lambda: all_runs.info.badge.text() == "Succeeded")

    run(story())


def test_a_run_is_opened(all_runs: RunsPage, trips: Trips) -> None:
    all_runs.runs.table.select([2])
    QTest.keyClick(all_runs.runs.table, Qt.Key.Key_Return)
    for part in (all_runs.info.open, all_runs.info.device, all_runs.info.rollout):
        part.click()
    assert trips.opened == [("run", "2"), ("run", "2"), ("device", "2"), ("rollout", "8")]


def test_an_open_run_is_cancelled(all_runs: RunsPage, world: World, run: Run) -> None:
    world.api.answers[f"POST {RUNS}/3/cancel"] = (200, objects.run(3, "cancelling"))
    all_runs.runs.table.select([1, 2, 3])
    menu = all_runs.runs.table.context_menu()

    async def story() -> None:
        next(action for action in menu.actions() if action.text() == "Cancel").trigger()
        await until(lambda: world.api.calls() == [f"POST {RUNS}/3/cancel"])

    run(story())


def test_several_runs_are_cancelled_after_a_question(all_runs: RunsPage, world: World, run: Run) -> None:
    world.api.answers[f"POST {RUNS}/3/cancel"] = (200, objects.run(3, "cancelling"))
    world.api.answers[f"POST {RUNS}/4/cancel"] = (409, {"detail": "It has ended meanwhile."})

    async def story() -> None:
        world.live.change(2, "run", 4, objects.run(4, "waiting"))
        await until(lambda: ids(all_runs.runs) == [4, 3, 2, 1])
        all_runs.runs.table.select([4, 3])
        assert all_runs.runs.cancel.text() == "Cancel 2 runs…"
        all_runs.runs.cancel.click()
        all_runs.findChildren(ConfirmDialog)[-1].buttons["yes"].click()
        await until(lambda: len(world.api.calls()) == 2)
        await until(lambda: [notice.text for notice in world.notices] == ["It has ended meanwhile."])

    run(story())


def test_a_run_is_done_again_there(all_runs: RunsPage, world: World, trips: Trips, run: Run) -> None:
    made = objects.rollout(9) | {"run_ids": [41]}
    world.api.answers[f"POST {RUNS}/2/rerun"] = (201, made)

    async def story() -> None:
        world.live.change(2, "run", 2, {"state": "unknown"})
        await until(lambda: cells(all_runs.runs, 1)[0] == "Unknown")
        all_runs.runs.table.select([2])
        all_runs.runs.again.click()
        dialog = all_runs.findChildren(ConfirmDialog)[-1]
        assert "it may do its work twice" in dialog.text.text()
        dialog.buttons["yes"].click()
        await until(lambda: trips.opened == [("run", "41")])

    run(story())
    assert world.api.body(f"POST {RUNS}/2/rerun") == {"from_step": 1, "confirmed_devices": None}


def test_several_of_one_rollout_are_done_again_by_the_dialog(
    all_runs: RunsPage, world: World, trips: Trips, run: Run
) -> None:
    async def story() -> None:
        world.live.change(2, "run", 3, objects.run(3, "failed", rollout_id=8))
        await until(lambda: cells(all_runs.runs, 0)[0] == "Failed")
        all_runs.runs.table.select([3, 2])
        all_runs.runs.again.click()

    run(story())
    key, request = trips.asked[0]
    assert (key, request.script_id, request.device_ids) == (RUN_DIALOG, 1, (1, 2))


def test_several_of_many_rollouts_are_done_again_each_by_itself(
    all_runs: RunsPage, world: World, run: Run
) -> None:
    for number in (1, 2):
        world.api.answers[f"POST {RUNS}/{number}/rerun"] = (201, objects.rollout(9) | {"run_ids": [41]})
    all_runs.runs.table.select([2, 1])

    async def story() -> None:
        all_runs.runs.again.click()
        all_runs.findChildren(ConfirmDialog)[-1].buttons["yes"].click()
        await until(lambda: [notice.text for notice in world.notices] == ["2 runs started."])

    run(story())


def test_their_number_is_asked_for_once_where_each_needs_it(
    all_runs: RunsPage, world: World, run: Run
) -> None:
    def answer(request: httpx.Request) -> tuple[int, Any]:
        if json.loads(request.content)["confirmed_devices"] == 1:
            return 201, objects.rollout(9, "held") | {"run_ids": [41]}
        return 409, {"detail": "It is dangerous.", "code": "confirm_needed"}

    world.api.answers |= {f"POST {RUNS}/{number}/rerun": answer for number in (1, 2)}
    all_runs.runs.table.select([2, 1])

    async def story() -> None:
        all_runs.runs.again.click()
        all_runs.findChildren(ConfirmDialog)[-1].buttons["yes"].click()
        await until(lambda: all_runs.findChildren(CountCheck))
        asking = all_runs.findChildren(ConfirmDialog)[-1]
        assert asking.text.text() == "It is dangerous."
        assert asking.findChildren(CountCheck)[0].text.text() == "Type the number of devices: 2"
        QTest.keyClicks(asking.findChildren(CountCheck)[0].box, "2")
        asking.buttons["yes"].click()
        await until(lambda: world.notices)

    run(story())
    assert [notice.text for notice in world.notices] == ["2 runs wait for a second person."]


def test_older_runs_are_read_page_by_page_for_the_query(
    world: World, trips: Trips, run: Run, qtbot: QtBot
) -> None:
    page = make(world, qtbot)
    page.switch.choose("runs")
    newest = [objects.run(number) for number in range(1000, 1000 + LIVE_ENDED_RUNS)]
    world.api.answers[f"GET {RUNS}"] = lambda request: (
        (200, {"items": [objects.run(1000), objects.run(999, "failed")], "next": "c"})
        if "cursor" not in request.url.params
        else (200, {"items": [objects.run(998, "failed")], "next": None})
    )

    async def story() -> None:
        await world.go_live(run=newest, rollout=TWO)
        await until(lambda: page.runs.table.model_.total == LIVE_ENDED_RUNS)
        ask(page.runs, "state:failed")
        assert page.runs.view.currentWidget() is page.runs.no_match
        page.runs._look_older.click()
        await until(lambda: ids(page.runs) == [999])
        page.runs.older.click()
        await until(lambda: ids(page.runs) == [999, 998])

    run(story())
    assert page.runs.older.isHidden()
    assert page.runs.note.text() == "That is all: 2 runs."
    assert {request.url.params["q"] for request in world.api.requests} == {"state:failed"}


def test_nothing_was_run_yet(world: World, trips: Trips, run: Run, qtbot: QtBot) -> None:
    page = make(world, qtbot)
    run(world.go_live(run=[]))
    assert page.rollouts.view.currentWidget() is page.rollouts.view.nothing
    assert page.rollouts.filter.isHidden()


# ---- views


def test_a_saved_view_shows_its_table_its_query_and_its_columns(page: RunsPage) -> None:
    page.switch.choose("runs")
    ask(page.runs, "device:PC-02")
    page.runs.table.header.sort(2, descending=False)
    page.runs.table.header.show_column(1, False)
    view = page._view()
    assert (view.part, view.query, view.choice) == ("runs", "device:PC-02", "all")
    ask(page.runs, "")
    page.runs.table.header._reset()
    page.switch.choose("rollouts")
    page.views.chosen.emit(view)
    assert page.part is page.runs
    assert ids(page.runs) == [2]
    assert page.runs.table.header.isSectionHidden(1)
    assert page.runs.table.model_.sort_column == 2


def test_a_view_of_another_version_is_shown_as_far_as_it_goes(page: RunsPage) -> None:
    page.views.chosen.emit(SavedView("old", "gone", "state:done", "gone", {"order": ["gone"]}))
    assert ids(page.rollouts) == [7]


def test_the_part_comes_back_as_it_was_left(all_runs: RunsPage, world: World, qtbot: QtBot) -> None:
    assert make(world, qtbot).part.table.accessibleName() == "Runs"


def test_the_palette_finds_rollouts_and_runs() -> None:
    rollouts, runs = feature().matches
    assert rollouts.describe(TWO[1]) == ("Script 1", "Rollout · Running · 1 of 2 done, 1 failed, 1 running")
    assert runs.describe(SOME[1]) == ("Script 1", "PC-02 · Failed")


def test_commands_for_these_devices_mean_those_of_the_chosen_runs(all_runs: RunsPage) -> None:
    all_runs.runs.table.select([3, 2])
    assert all_runs.subjects() == (1, 2)
    all_runs.switch.choose("rollouts")
    assert all_runs.subjects() == ()
