"""The page of one rollout."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from backend_lite.contract.live import LIVE_ENDED_RUNS
from backend_lite.contract.runs import ROLLOUTS, RUNS
from console.core.run_request import RUN_DIALOG
from console.features.runs.outputs_pane import OutputsPane
from console.features.runs.rollout_page import DIFFERENCE, OUTPUTS, RolloutPage
from console.widgets.confirm import ConfirmDialog
from tests.console import objects
from tests.console.conftest import World
from tests.console.trips import Trips
from tests.helpers.names import unnamed
from tests.helpers.waiting import until

Run = Callable[[Any], Any]
Object = dict[str, Any]
COUNTERS = {"total": 5, "succeeded": 2, "failed": 1, "running": 1, "waiting": 1}
MINE = [
    objects.run(1, rollout_id=8, device="A", wave=1, output_key="same"),
    objects.run(2, rollout_id=8, device="B", device_id=2, wave=2, output_key="same"),
    objects.run(3, "failed", rollout_id=8, device="C", device_id=3, wave=2, output_key="other"),
    objects.run(4, "running", rollout_id=8, device="D", device_id=4, wave=2),
    objects.run(5, "waiting", rollout_id=8, device="E", device_id=5, wave=3),
    objects.run(6, rollout_id=7),
]


def rollout(state: str = "running", **more: Any) -> Object:
    policy = {"timeout_s": 600, "expires_after_s": 86_400, "waves": {"sizes": ["1", "60%"]}}
    return objects.rollout(
        8, state, **{"counters": COUNTERS, "waves": [1, 3, 1], "wave": 2, "policy": policy, **more}
    )


@pytest.fixture
def trips(world: World, monkeypatch: pytest.MonkeyPatch) -> Trips:
    return Trips(world, monkeypatch)


@pytest.fixture
def page(world: World, trips: Trips, qtbot: QtBot) -> RolloutPage:
    made = RolloutPage(world.context)
    qtbot.addWidget(made)
    made.resize(1000, 700)
    made.show()
    return made


Open = Callable[..., None]


@pytest.fixture
def open_(page: RolloutPage, world: World, run: Run) -> Open:
    def open_it(**more: Any) -> None:
        async def story() -> None:
            asked = more.pop("approvals", [])
            found = rollout(**more)
            await world.go_live(run=MINE, rollout=[found], script=[objects.script(1)], approval=asked)
            page.show_target("8")
            await until(lambda: page.runs.table.model_.total == 5)

        run(story())

    return open_it


def ids(page: RolloutPage) -> list[int]:
    return [item["id"] for item in page.runs.table.model_.shown_objects()]


def shown(*buttons: QPushButton) -> list[str]:
    return [button.text() for button in buttons if not button.isHidden() and button.isEnabled()]


def test_it_says_what_it_is_and_how_it_is_carried_out(page: RolloutPage, open_: Open) -> None:
    open_(waiting="Wave 2 is under way.", until="2026-03-04T12:00:00.000Z")
    assert page.title == "Script 1 → 5 devices"
    assert page.header.mark.text() == "Wave 2 of 3"
    assert page.origin.text() == "revision 1 · started 10:41 by owner"
    assert page.policy.text() == (
        "Waves of 1, 60 %, then the rest · offline devices have 1 day · time limit 10 min"
    )
    assert page.head.waiting.text() == "Wave 2 is under way. Until 12:00."
    assert [chip.text() for chip in page.head.counts.chips.values()] == [
        "2 succeeded",
        "1 failed",
        "1 running",
        "1 waiting",
    ]
    assert unnamed(page) == []


def test_waves_show_their_runs(page: RolloutPage, open_: Open) -> None:
    open_()
    titles = [title.text() for title, _bar in page.head.waves.waves]
    assert titles == ["1 · one", "2 · 60 %", "3 · the rest"]
    told = [bar.accessibleDescription() for _title, bar in page.head.waves.waves]
    assert told == [
        "One device: 1 succeeded",
        "3 devices: 1 succeeded, 1 failed, 1 running",
        "One device: 1 waiting",
    ]
    page.head.waves.waves[1][0].click()
    assert ids(page) == [4, 3, 2]
    page.head.counts.chips["failed"].click()
    assert ids(page) == [3]
    page.head.counts.chips["failed"].click()
    page.head.waves.waves[1][0].click()
    assert ids(page) == [5, 4, 3, 2, 1]


def test_it_follows_the_rollout_and_its_runs(page: RolloutPage, open_: Open, world: World, run: Run) -> None:
    open_()

    async def story() -> None:
        world.live.change(2, "run", 4, {**MINE[3], "state": "failed"})
        counters = {**COUNTERS, "running": 0, "failed": 2}
        world.live.change(3, "rollout", 8, {"counters": counters, "state": "halted", "waiting": "2 failed."})
        await until(lambda: page.header.mark.text() == "Halted")
        await until(lambda: page.head.counts.chips["failed"].text() == "2 failed")
        assert page.head.counts.chips["running"].isHidden()
        assert page.head.waiting.text() == "2 failed."

    run(story())


@pytest.mark.parametrize(
    ("state", "more", "expected"),
    [
        ("running", {}, ["Rerun failed", "Run again…", "Halt", "Cancel…"]),
        ("halted", {}, ["Rerun failed", "Run again…", "Resume", "Cancel…"]),
        (
            "running",
            {"counters": {**COUNTERS, "succeeded": 3, "running": 0}, "wave_done": True},
            ["Rerun failed", "Run again…", "Halt", "Start wave 3", "Cancel…"],
        ),
        (
            # So many have ended as the waves so far have runs; some of them are skipped ones of the next.
            "running",
            {"counters": {**COUNTERS, "succeeded": 3, "running": 1, "waiting": 0}},
            ["Rerun failed", "Run again…", "Halt", "Cancel…"],
        ),
        ("done", {"counters": {"total": 5, "succeeded": 5}}, ["Run again…"]),
        (
            "waiting",
            {"counters": {"total": 5, "waiting": 5, "succeeded": 0}},
            ["Run again…", "Halt", "Cancel…"],
        ),
        (
            "held",
            {"counters": {"total": 5, "waiting": 5, "succeeded": 0}},
            ["Run again…", "Cancel…"],
        ),
    ],
)
def test_only_what_makes_sense_can_be_pressed(
    page: RolloutPage, open_: Open, state: str, more: Object, expected: list[str]
) -> None:
    open_(state=state, **more)
    assert shown(*page.controls.all()) == expected


def test_halt_and_resume_are_pressed_without_a_question(
    page: RolloutPage, open_: Open, world: World, run: Run
) -> None:
    open_()
    world.api.answers[f"POST {ROLLOUTS}/8/halt"] = (200, rollout("halted"))
    world.api.answers[f"POST {ROLLOUTS}/8/resume"] = (200, rollout("running"))

    async def story() -> None:
        page.controls.halt.click()
        await until(lambda: page.header.mark.text() == "Halted")
        page.controls.resume.click()
        await until(lambda: page.header.mark.text() == "Wave 2 of 3")

    run(story())


def test_a_rollout_is_cancelled_after_a_question(
    page: RolloutPage, open_: Open, world: World, run: Run
) -> None:
    open_()
    world.api.answers[f"POST {ROLLOUTS}/8/cancel"] = (200, rollout("cancelled"))

    async def story() -> None:
        page.controls.cancel.click()
        dialog = page.findChildren(ConfirmDialog)[-1]
        assert "One device is at it now" in dialog.text.text()
        dialog.buttons["yes"].click()
        await until(page.controls.cancel.isHidden)

    run(story())


def test_what_failed_runs_again_as_a_new_rollout(
    page: RolloutPage, open_: Open, world: World, run: Run, trips: Trips
) -> None:
    open_(counters={**COUNTERS, "unknown": 1})
    made = objects.rollout(9) | {"run_ids": [41, 42]}
    world.api.answers[f"POST {ROLLOUTS}/8/rerun-failed"] = (201, made)

    async def story() -> None:
        page.controls.failed.click()
        dialog = page.findChildren(ConfirmDialog)[-1]
        assert "Run it again on 2 devices?" in dialog.windowTitle()
        assert "it is done again there" in dialog.text.text()
        dialog.buttons["yes"].click()
        await until(lambda: trips.opened == [("rollout", "9")])

    run(story())


def test_a_refusal_is_a_sentence(page: RolloutPage, open_: Open, world: World, run: Run) -> None:
    open_()
    world.api.answers[f"POST {ROLLOUTS}/8/halt"] = (409, {"detail": "It has ended meanwhile."})

    async def story() -> None:
        page.controls.halt.click()
        await until(lambda: [notice.text for notice in world.notices] == ["It has ended meanwhile."])
        assert page.controls.halt.isEnabled()

    run(story())


def test_the_same_again_is_asked_by_the_dialog(page: RolloutPage, open_: Open, trips: Trips) -> None:
    open_(targets={"devices": [1, 2], "groups": [4], "query": ""})
    page.controls.again.click()
    key, request = trips.asked[0]
    assert (key, request.script_id, request.device_ids, request.group_ids) == (RUN_DIALOG, 1, (1, 2), (4,))


def test_a_run_is_looked_at_from_here(page: RolloutPage, open_: Open, trips: Trips) -> None:
    open_()
    assert page.details() is None
    page.runs.table.select([3])
    assert page.details() is page.info
    assert page.info.rollout.isHidden()
    page.info.open.click()
    assert trips.opened == [("run", "3")]


def test_a_large_rollout_is_read_page_by_page(page: RolloutPage, world: World, run: Run) -> None:
    newest = [objects.run(n, rollout_id=9) for n in range(5000, 5000 + LIVE_ENDED_RUNS)]

    def answer(request: httpx.Request) -> tuple[int, Any]:
        assert request.url.params["rollout_id"] == "8"
        start = int(request.url.params.get("cursor", "3000"))
        last = max(0, start - int(request.url.params["limit"]))
        items = [objects.run(n, rollout_id=8, device=f"D{n}") for n in range(start, last, -1)]
        return 200, {"items": items, "next": str(last) if last else None}

    world.api.answers[f"GET {RUNS}"] = answer

    async def story() -> None:
        big = rollout("done", counters={"total": 3000, "succeeded": 3000}, waves=[])
        await world.go_live(run=newest, rollout=[big])
        page.show_target("8")
        await until(lambda: page.runs.table.model_.total == 3000)
        assert page.head.counts.chips["succeeded"].text() == "3,000 succeeded"
        assert page.runs.older.isHidden()

    run(story())


def test_a_rollout_that_is_older_than_the_live_stream_is_loaded(
    page: RolloutPage, world: World, run: Run
) -> None:
    world.api.answers[f"GET {ROLLOUTS}/8"] = (200, rollout("done"))

    async def story() -> None:
        await world.go_live(run=[], rollout=[])
        page.show_target("8")
        await until(lambda: page.header.mark.text() == "Done")
        page.show_target("99")
        await until(lambda: page.centre.currentWidget() is page.missing)
        assert shown(*page.controls.all()) == []

    run(story())


# ---- by output


def group(key: str | None, run_ids: list[int], state: str, sample: str, **more: Any) -> Object:
    return {
        "key": key,
        "count": len(run_ids),
        "run_ids": run_ids,
        "states": {state: len(run_ids)},
        "exit_codes": [0],
        "size": len(sample),
        "sample": sample,
        **more,
    }


GROUPS = [
    group("same", [1, 2], "succeeded", "\nFreed 3.4 GB\n"),
    group(None, [4, 5], "running", ""),
    group("other", [3], "failed", "Cannot be stopped.", exit_codes=[1]),
]
TEXTS = {
    (1, "stdout"): b"C:\\Temp\r\nFreed 3.4 GB\r\n",
    (3, "stdout"): b"C:\\Temp\r\nCannot be stopped.\r\n",
    (3, "stderr"): b"At line 17\n",
}


def give_outputs(world: World, groups: list[Object]) -> None:
    world.api.answers[f"GET {ROLLOUTS}/8/outputs"] = (200, {"groups": groups})

    def answer(number: int) -> Callable[[httpx.Request], tuple[int, bytes]]:
        return lambda request: (200, TEXTS.get((number, request.url.params["stream"]), b""))

    for number in (1, 3):
        world.api.answers[f"GET {RUNS}/{number}/steps/1/output"] = answer(number)


@pytest.fixture
def by_output(page: RolloutPage, open_: Open, world: World, run: Run) -> RolloutPage:
    give_outputs(world, GROUPS)
    open_()

    async def story() -> None:
        page.switch.choose(OUTPUTS)
        await until(lambda: len(page.outputs.list.lines) == 3)

    run(story())
    return page


def test_identical_outputs_are_one_line(by_output: RolloutPage) -> None:
    assert by_output.outputs.summary.text() == "2 same, 1 differ"
    lines = by_output.outputs.list.lines
    assert [(line.count, line.word, line.sample, line.note) for line in lines] == [
        (2, "Succeeded", "Freed 3.4 GB", "exit code 0 · 14 B"),
        (2, "Running", "No output", "exit code 0"),
        (1, "Failed", "Cannot be stopped.", "exit code 1 · 18 B"),
    ]
    assert unnamed(by_output) == []


def test_outputs_are_not_asked_for_before_somebody_looks(
    page: RolloutPage, open_: Open, world: World
) -> None:
    give_outputs(world, GROUPS)
    open_()
    assert page.findChild(OutputsPane) is None
    assert f"GET {ROLLOUTS}/8/outputs" not in world.api.calls()


def test_a_group_shows_its_devices(by_output: RolloutPage) -> None:
    by_output.outputs.list.choose(["same"])
    assert ids(by_output) == [2, 1]
    by_output.outputs.list.choose(["other"])
    assert ids(by_output) == [3]
    by_output.switch.choose("devices")
    assert ids(by_output) == [5, 4, 3, 2, 1]


def test_a_group_is_compared_with_the_largest_other(by_output: RolloutPage, run: Run) -> None:
    async def story() -> None:
        by_output.outputs.list.choose(["other"])
        by_output.view.choose(DIFFERENCE)
        await until(lambda: bool(by_output.difference.diff.lines))

    run(story())
    lines = [(line.sign, line.text) for line in by_output.difference.diff.lines]
    assert lines[:3] == [(" ", "C:\\Temp"), ("-", "Freed 3.4 GB"), ("+", "Cannot be stopped.")]
    assert ("+", "At line 17") in lines
    assert by_output.difference.note.text().startswith("3 lines added, 1 removed.")
    assert by_output.below.currentWidget() is by_output.difference


def test_two_chosen_groups_are_compared_with_each_other(by_output: RolloutPage, run: Run) -> None:
    async def story() -> None:
        by_output.outputs.list.choose(["same", "other"])
        by_output.view.choose(DIFFERENCE)
        await until(lambda: bool(by_output.difference.diff.lines))

    run(story())
    assert by_output._against.currentData() == "same"


def test_runs_without_output_cannot_be_compared(by_output: RolloutPage) -> None:
    by_output.outputs.list.choose(["-"])
    assert not by_output.view.buttons[DIFFERENCE].isEnabled()
    assert ids(by_output) == [5, 4]


def test_what_is_cut_is_said(by_output: RolloutPage, world: World, run: Run) -> None:
    long = b"x" * 70 + b"\n"
    world.api.answers[f"GET {RUNS}/3/steps/1/output"] = lambda request: (
        200,
        (long * 4000)[: int(request.url.params["limit"])]
        if request.url.params["stream"] == "stdout"
        else b"",
    )

    async def story() -> None:
        by_output.outputs.list.choose(["other"])
        by_output.view.choose(DIFFERENCE)
        await until(lambda: "Only the beginning is compared" in by_output.difference.note.text())

    run(story())


def test_outputs_are_asked_for_again_only_when_runs_have_changed(
    by_output: RolloutPage, world: World, run: Run
) -> None:
    asked = f"GET {ROLLOUTS}/8/outputs"
    by_output.outputs._refresh()
    assert world.api.calls().count(asked) == 1

    async def story() -> None:
        give_outputs(world, [GROUPS[0]])
        world.live.change(2, "rollout", 8, {"counters": {"total": 5, "succeeded": 5}})
        await until(lambda: by_output.head.counts.chips["succeeded"].text() == "5 succeeded")
        by_output.outputs._timer.timeout.emit()
        await until(lambda: by_output.outputs.summary.text() == "All 2 wrote the same")

    run(story())
    assert world.api.calls().count(asked) == 2


def test_a_step_can_be_chosen(page: RolloutPage, open_: Open, world: World, run: Run) -> None:
    give_outputs(world, GROUPS)
    open_(tasks=[objects.task(1, "Prepare"), objects.task(2, "Install")])

    async def story() -> None:
        page.switch.choose(OUTPUTS)
        await until(lambda: len(page.outputs.list.lines) == 3)
        assert [page.outputs.steps.itemText(n) for n in range(3)] == [
            "All steps",
            "Step 1: Prepare",
            "Step 2: Install",
        ]
        page.outputs.steps.setCurrentIndex(2)
        await until(lambda: world.api.requests[-1].url.params.get("step") == "2")

    run(story())
    assert page.outputs.compared_steps == [2]


def test_another_rollout_begins_anew(by_output: RolloutPage, world: World, run: Run) -> None:
    by_output.outputs.list.choose(["other"])

    async def story() -> None:
        world.live.change(2, "rollout", 7, objects.rollout(7))
        await until(lambda: world.context.live.get("rollout", 7) is not None)
        by_output.show_target("7")

    run(story())
    assert by_output.switch.key == "devices"
    assert ids(by_output) == [6]
    assert by_output.outputs.list.lines == []
