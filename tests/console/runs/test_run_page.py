"""One run as a person watches it."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from pytestqt.qtbot import QtBot

from backend_lite.contract.runs import ROLLOUTS, RUNS, Rollout
from console.core.run_request import RUN_DIALOG
from console.core.run_words import sentence, timeline
from console.features.runs.run_page import RunPage
from tests.console import objects
from tests.console.conftest import NOW, World
from tests.console.trips import Trips
from tests.helpers.names import unnamed
from tests.helpers.waiting import until

Run = Callable[[Any], Any]
OUTPUT = f"GET {RUNS}/1/steps/1/output"


class Output:
    """The service's side of a step's output."""

    def __init__(self, world: World) -> None:
        self.pieces: list[list[int]] = []
        self.streams = [b"", b""]
        world.api.answers[f"{OUTPUT}/index"] = self.index
        world.api.answers[OUTPUT] = self.read

    def write(self, stream: int, data: bytes) -> dict[str, Any]:
        """What the live stream says about it."""
        self.pieces.append([stream, len(self.streams[stream]), len(data), 100 * len(self.pieces)])
        self.streams[stream] += data
        stdout, stderr = map(len, self.streams)
        return {"run_id": 1, "n": 1, "attempt": 1, "stdout": stdout, "stderr": stderr}

    def index(self, request: httpx.Request) -> tuple[int, Any]:
        start = int(request.url.params["start"])
        return 200, {"pieces": self.pieces[start:], "total": len(self.pieces)}

    def read(self, request: httpx.Request) -> tuple[int, Any]:
        params = request.url.params
        assert params["attempt"] == "1"
        offset, limit = int(params["offset"]), int(params["limit"])
        return 200, self.streams[params["stream"] == "stderr"][offset : offset + limit]


@pytest.fixture
def trips(world: World, monkeypatch: pytest.MonkeyPatch) -> Trips:
    return Trips(world, monkeypatch)


@pytest.fixture
def output(world: World) -> Output:
    return Output(world)


@pytest.fixture
def page(world: World, trips: Trips, output: Output, qtbot: QtBot) -> RunPage:
    made = RunPage(world.context)
    qtbot.addWidget(made)
    made.resize(900, 400)
    made.show()
    return made


def text(page: RunPage) -> str:
    return page.output.text.toPlainText()


def test_output_is_shown_live_until_the_end(page: RunPage, world: World, output: Output, run: Run) -> None:
    async def story() -> None:
        await world.go_live(run=[objects.run(1, "running")], rollout=[objects.rollout(state="running")])
        page.show_target("1")
        assert page.header.mark.text() == "Running · 12 s"
        assert not page.cancel.isHidden()
        world.live.change(2, "output", 10, output.write(0, b"one\ntw"))
        await until(lambda: text(page) == "one\ntw")
        world.live.change(3, "output", 10, output.write(1, b"oops\n"))
        world.live.change(4, "output", 10, output.write(0, b"o \xe2\x82"))
        await until(lambda: text(page) == "one\ntw\noops\no ")
        world.live.change(5, "output", 10, output.write(0, b"\xac\n"))
        await until(lambda: text(page) == "one\ntw\noops\no €")
        ended = objects.run(1, "failed")
        ended["steps"][0] |= {"stdout_size": 11, "stderr_size": 5}
        world.live.change(6, "run", 1, ended)
        await until(lambda: page.header.mark.text() == "Failed")
        assert page.cancel.isHidden()
        assert page.sentence.text() == "Failed on PC-01 after 10 s with exit code 3."
        assert page.info.facts.value("Exit code") == "3"

    run(story())
    assert unnamed(page) == []
    assert unnamed(page.info) == []


def test_output_of_another_run_is_not_mixed_in(page: RunPage, world: World, output: Output, run: Run) -> None:
    async def story() -> None:
        await world.go_live(run=[objects.run(1, "running"), objects.run(2, "running")])
        output.write(0, b"mine\n")
        page.show_target("1")
        await until(lambda: text(page) == "mine")
        world.live.change(2, "output", 11, output.write(0, b"not told\n") | {"run_id": 2})
        page.show_target("2")
        assert text(page) == ""

    run(story())


def test_a_waiting_run_says_why_and_until_when(page: RunPage, world: World, output: Output, run: Run) -> None:
    waiting = objects.run(1, "queued", waiting="PC-01 is not connected.", until="2026-03-11T10:41:54.000Z")

    async def story() -> None:
        await world.go_live(run=[waiting])
        page.show_target("1")
        assert page.centre.currentWidget() is page.waiting
        assert page.waiting.text.text() == "PC-01 is not connected. Until 11 Mar 10:41."
        assert page.save.isHidden()
        output.write(0, b"hi\n")
        world.live.change(2, "run", 1, objects.run(1, "running"))
        await until(lambda: page.centre.currentWidget() is page.output, "the beginning")
        await until(lambda: page.step_output.is_complete, "all of it")
        assert text(page) == "hi"

    run(story())


def test_cancel_asks_the_service(page: RunPage, world: World, run: Run) -> None:
    cancelling = objects.run(1, "cancelling")
    world.api.answers[f"POST {RUNS}/1/cancel"] = (200, cancelling)

    async def story() -> None:
        await world.go_live(run=[objects.run(1, "running")])
        page.show_target("1")
        page.cancel.click()
        await until(lambda: page.header.mark.text().startswith("Cancelling"))

    run(story())
    assert f"POST {RUNS}/1/cancel" in world.api.calls()


def test_run_again_proposes_the_same(page: RunPage, world: World, trips: Trips, run: Run) -> None:
    given = {**objects.task(1), "arguments": ["-n", "a b"], "parameters": {"Days": 14}}
    world.api.answers[f"GET {ROLLOUTS}/7"] = (
        200,
        objects.rollout(tasks=[given], policy={"timeout_s": 600, "offline": "skip"}),
    )

    async def story() -> None:
        await world.go_live(run=[objects.run(1)], script=[objects.script(1)])
        page.show_target("1")
        page.again.click()
        await until(lambda: trips.asked)

    run(story())
    ((key, request),) = trips.asked
    assert key == RUN_DIALOG
    assert (request.script_id, request.device_ids, request.arguments) == (1, (1,), ("-n", "a b"))
    assert request.parameters == {"Days": 14}
    assert request.policy.offline == "skip"
    assert request.again == "Script 1"


def test_several_steps_are_run_again_by_the_dialog_or_from_one_of_them(
    page: RunPage, world: World, trips: Trips, run: Run
) -> None:
    two = [{**objects.task(1), "continue_on_error": True}, {**objects.task(2, "Script 2"), "script_id": 2}]
    world.api.answers[f"POST {RUNS}/1/rerun"] = (201, {**objects.rollout(9), "run_ids": [12]})

    async def story() -> None:
        library = [objects.script(1), objects.script(2)]
        await world.go_live(run=[objects.run(1)], script=library, rollout=[objects.rollout(tasks=two)])
        page.show_target("1")
        rollout = msgspec.convert(world.context.live.get("rollout", 7), Rollout)
        choices = page.menu_again(rollout).actions()
        assert [one.text() for one in choices] == ["All steps again…", "From step 2: Script 2"]
        choices[0].trigger()
        choices[1].trigger()
        await until(lambda: trips.opened)

    run(story())
    ((_key, request),) = trips.asked
    assert [(task.script_id, task.continue_on_error) for task in request.tasks] == [(1, True), (2, False)]
    assert world.api.body(f"POST {RUNS}/1/rerun") == {"from_step": 2, "confirmed_devices": None}
    assert trips.opened == [("run", "12")]


def test_run_again_of_a_deleted_script_is_explained(page: RunPage, world: World, run: Run) -> None:
    async def story() -> None:
        await world.go_live(run=[objects.run(1)], rollout=[objects.rollout()])
        page.show_target("1")
        page.again.click()

    run(story())
    assert "no longer in the library" in world.notices[-1].text


def test_an_old_run_is_loaded(page: RunPage, world: World, output: Output, run: Run) -> None:
    output.write(0, b"long ago\n")
    world.api.answers[f"GET {RUNS}/1"] = (200, objects.run(1))

    async def story() -> None:
        await world.go_live(run=[])
        page.show_target("1")
        await until(lambda: text(page) == "long ago")
        page.show_target("2")
        await until(lambda: page.centre.currentWidget() is page.missing)

    run(story())


@pytest.mark.parametrize(
    ("stream", "expected"),
    [(0, b"a\xff\nc\n"), (1, b"b\n"), (None, b"a\xff\nb\nc\n")],
    ids=["out", "err", "both"],
)
def test_output_is_saved_byte_for_byte(
    page: RunPage, world: World, output: Output, run: Run, tmp_path: Path, stream: int | None, expected: bytes
) -> None:
    for number, data in ((0, b"a\xff\n"), (1, b"b\n"), (0, b"c\n")):
        output.write(number, data)
    target = tmp_path / "out.txt"

    async def story() -> None:
        await world.go_live(run=[objects.run(1)])
        page.show_target("1")
        page.step_output.save_to(str(target), stream)
        await until(lambda: world.notices)

    run(story())
    assert target.read_bytes() == expected
    assert "saved as" in world.notices[-1].text
    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == ["out.txt"]


def test_a_file_that_cannot_be_written_is_said(
    page: RunPage, world: World, output: Output, run: Run, tmp_path: Path
) -> None:
    output.write(0, b"x")

    async def story() -> None:
        await world.go_live(run=[objects.run(1)])
        page.show_target("1")
        page.step_output.save_to(str(tmp_path / "missing" / "out.txt"), 0)
        await until(lambda: world.notices or world.bugs)

    run(story())
    assert "could not be written" in world.notices[-1].text
    assert world.bugs == []


def test_a_page_that_is_not_looked_at_fetches_nothing(
    page: RunPage, world: World, output: Output, run: Run
) -> None:
    async def story() -> None:
        await world.go_live(run=[objects.run(1, "running")])
        page.show_target("1")
        world.live.change(2, "output", 10, output.write(0, b"one\n"))
        await until(lambda: text(page) == "one")
        page.hide()
        asked = len(world.api.requests)
        world.live.change(3, "output", 10, output.write(0, b"two\n"))
        world.live.change(4, "run", 1, {"reason": "x"})
        await until(lambda: (page._run or {}).get("reason") == "x")
        await asyncio.sleep(0)
        assert len(world.api.requests) == asked
        page.show()
        await until(lambda: text(page) == "one\ntwo")

    run(story())


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"state": "succeeded"}, "Succeeded on PC-01 after 10 s with exit code 0."),
        ({"state": "running"}, "Running on PC-01."),
        ({"state": "failed", "reason": "exit_code"}, "Failed on PC-01 after 10 s with exit code 3."),
        (
            {"state": "cancelled", "reason": "stopped"},
            "Cancelled on PC-01 after 10 s. It was stopped with everything it had started.",
        ),
        ({"state": "expired", "reason": "No contact in time"}, "Expired on PC-01. No contact in time."),
        (
            {"state": "unknown", "source": "presumed", "reason": "The device restarted"},
            "Unknown on PC-01 after 10 s. The device restarted. The service presumes this; the device may "
            "still report otherwise.",
        ),
    ],
)
def test_every_state_is_one_sentence(more: dict[str, Any], said: str) -> None:
    assert sentence(objects.run(1, **more), NOW) == said


def test_the_timeline_tells_it_in_order() -> None:
    finished = objects.run(1, "failed")
    finished["steps"][0] |= {"stdout_size": 2048, "truncated": True, "stdout_total": 4096}
    assert [what for _when, what in timeline(finished)] == [
        "asked for by owner",
        "started, attempt 1",
        "failed, exit code 3, 2 KB of output kept, of 4 KB written",
    ]
