"""Steps, tries and their output on the page of a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from PySide6.QtGui import QGuiApplication

from backend_lite.contract.runs import RUNS
from console.features.runs import step_output
from console.features.runs.run_page import RunPage
from console.features.runs.run_steps import telling_step
from tests.console import objects
from tests.console.conftest import World
from tests.console.runs.test_run_page import Output, output, page, text, trips
from tests.helpers.names import unnamed
from tests.helpers.waiting import until

__all__ = ["output", "page", "trips"]

Run = Callable[[Any], Any]


def steps_run(*states: str) -> dict[str, Any]:
    """A run with a step in each of these states."""
    found = objects.run(1, "failed")
    (first,), found["steps"] = found["steps"], []
    for n, state in enumerate(states, 1):
        step = first | {"id": n, "n": n, "name": f"Part {n}", "state": state}
        if state in ("skipped", "waiting"):
            step |= {"started_at": None, "ended_at": None, "exit_code": None}
        found["steps"].append(step)
    return found


def earlier_try(number: int, outcome: str = "exited", **more: Any) -> dict[str, Any]:
    return {
        "attempt": number, "outcome": outcome, "detail": "", "exit_code": 3, "started_at": None,
        "ended_at": "2026-03-04T10:42:05.000Z", "stdout_size": 6, "stderr_size": 0, **more,
    }  # fmt: skip


def serve(world: World, n: int, outputs: dict[int, bytes]) -> None:
    """The output of each attempt of a step."""

    def index(request: httpx.Request) -> tuple[int, Any]:
        data = outputs[int(request.url.params["attempt"])]
        pieces = [[0, 0, len(data), 0]][int(request.url.params["start"]) :]
        return 200, {"pieces": pieces, "total": 1}

    def read(request: httpx.Request) -> tuple[int, Any]:
        params = request.url.params
        offset = int(params["offset"])
        return 200, outputs[int(params["attempt"])][offset : offset + int(params["limit"])]

    world.api.answers[f"GET {RUNS}/1/steps/{n}/output/index"] = index
    world.api.answers[f"GET {RUNS}/1/steps/{n}/output"] = read


@pytest.mark.parametrize(
    ("states", "n"),
    [
        (("succeeded", "failed", "skipped"), 2),
        (("succeeded", "running", "waiting"), 2),
        (("succeeded", "succeeded"), 2),
        (("waiting", "waiting"), 1),
    ],
)
def test_the_step_that_tells_most_is_shown_first(states: tuple[str, ...], n: int) -> None:
    steps = steps_run(*states)["steps"]
    for step in steps:
        step["ended_at"] = None if step["state"] == "running" else "2026-03-04T10:42:05.000Z"
    assert telling_step(steps) == n


def test_one_step_needs_no_list(page: RunPage, world: World, output: Output, run: Run) -> None:
    async def story() -> None:
        await world.go_live(run=[objects.run(1)])
        page.show_target("1")
        assert page.steps.isHidden()

    run(story())


def test_each_step_and_try_has_its_own_output(page: RunPage, world: World, run: Run) -> None:
    serve(world, 1, {1: b"first step\n"})
    serve(world, 2, {1: b"try 1\n", 2: b"try 2\n"})
    shown = steps_run("succeeded", "failed")
    shown["steps"][1] |= {"attempt": 2, "tries": [earlier_try(1)]}

    async def story() -> None:
        await world.go_live(run=[shown])
        page.show_target("1")
        await until(lambda: text(page) == "try 2")
        assert page.steps.count() == 3
        page.steps.setCurrentRow(2)
        await until(lambda: text(page) == "try 1")
        page.steps.setCurrentRow(0)
        await until(lambda: text(page) == "first step")
        # What is chosen stays chosen while the run goes on.
        world.live.change(2, "run", 1, {"reason": "x"})
        await until(lambda: (page._run or {}).get("reason") == "x")
        assert page.steps.currentRow() == 0
        assert text(page) == "first step"

    run(story())
    assert unnamed(page) == []


def test_what_was_left_out_is_said(page: RunPage, world: World, run: Run) -> None:
    serve(world, 1, {1: b"head\ntail\n"})
    shown = objects.run(1)
    shown["steps"][0] |= {"stdout_size": 10, "stdout_total": 10_010, "stdout_gap": 5, "truncated": True}

    async def story() -> None:
        await world.go_live(run=[shown])
        page.show_target("1")
        await until(lambda: text(page) == "head\n… 9.8 KB left out …\ntail")

    run(story())


def test_removed_output_is_said_and_not_asked_for(page: RunPage, world: World, run: Run) -> None:
    shown = objects.run(1)
    shown["steps"][0]["output_removed_at"] = "2026-03-04T10:42:05.000Z"

    async def story() -> None:
        await world.go_live(run=[shown])
        page.show_target("1")
        assert page.centre.currentWidget() is page.removed
        assert page.save.isHidden()

    run(story())
    assert not [call for call in world.api.calls() if "output" in call]


def test_all_of_the_output_is_searched_and_a_match_gone_to(
    page: RunPage, world: World, output: Output, run: Run
) -> None:
    data = b"".join(b"line %05d\n" % n for n in range(40_000))
    for at in range(0, len(data), 60_000):
        output.write(0, data[at : at + 60_000])
    asked: list[dict[str, str]] = []

    def search(request: httpx.Request) -> tuple[int, Any]:
        asked.append(dict(request.url.params))
        if request.url.params["stream"] == "stderr":
            return 200, {"matches": [], "next_offset": None}
        if request.url.params["offset"] == "0":
            return 200, {"matches": [[0, 124, 1353, "line 00123"]], "next_offset": 2000}
        return 200, {"matches": [[0, 20_124, 221_353, "line 20123"]], "next_offset": None}

    def as_objects(request: httpx.Request) -> tuple[int, Any]:
        status, answer = search(request)
        names = ("stream", "line", "offset", "text")
        answer["matches"] = [dict(zip(names, match, strict=True)) for match in answer["matches"]]
        return status, answer

    world.api.answers[f"GET {RUNS}/1/steps/1/output/search"] = as_objects

    async def story() -> None:
        await world.go_live(run=[objects.run(1)])
        page.show_target("1")
        await until(lambda: text(page).endswith("line 39999"))
        assert "line 20123" not in text(page)
        page.output.find_bar.open()
        page.output.find_bar.box.setText("0123")
        page.output._search_all.click()
        await until(lambda: page.output.matches.count.text() == "2 lines hold “0123”")
        matches = page.output.matches.list
        matches.itemActivated.emit(matches.item(1))
        await until(lambda: page.output.text.textCursor().selectedText() == "line 20123")
        page.output.matches.close_list()
        assert page.output.matches.isHidden()

    run(story())
    assert [(a["stream"], a["offset"], a["q"], a["encoding"]) for a in asked] == [
        ("stdout", "0", "0123", "utf-8"),
        ("stdout", "2000", "0123", "utf-8"),
        ("stderr", "0", "0123", "utf-8"),
    ]


def test_all_is_copied_as_it_is_shown(
    page: RunPage, world: World, output: Output, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    output.write(0, b"\x1b[31mred\x1b[0m\n" + b"x" * 3_000 + b"\n")
    output.write(1, "Größe\n".encode("cp850"))
    shown = objects.run(1)
    shown["steps"][0] |= {"stdout_size": 3_010, "stderr_size": 6}

    async def story() -> None:
        await world.go_live(run=[shown])
        page.show_target("1")
        await until(lambda: "Größe" in text(page))
        page.step_output.copy_all()
        await until(lambda: QGuiApplication.clipboard().text().startswith("red"))
        assert QGuiApplication.clipboard().text() == "red\n" + "x" * 3_000 + "\nGröße\n"
        monkeypatch.setattr(step_output, "MOST_COPIED", 1_000)
        page.step_output.copy_all()

    run(story())
    assert "Save it as a file" in world.notices[-1].text
