"""The agent of this PC, with small programs in its place."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from console.core.local_agent import AgentState, Invitation, LocalAgent, restart_delay
from tests.helpers.waiting import until

ENROLS = """
import json, pathlib, sys, time
folder = pathlib.Path(sys.argv[sys.argv.index("--data-dir") + 1])
folder.mkdir(parents=True, exist_ok=True)
with (folder / "starts").open("a") as starts:
    starts.write(json.dumps([sys.argv[1:], sys.stdin.read()]) + chr(10))
(folder / "enrollment.json").write_text("{}")
"""
RUNS = ENROLS + "time.sleep(60)"
DIES = ENROLS + "sys.exit('The journal is damaged.')"
REFUSED = "import sys; sys.exit('The token has expired.')"
INVITATION = Invitation("https://127.0.0.1:1", "sha256:0", "dfe_secret")


class Stage:
    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.agent = LocalAgent(folder / "this-pc", delay=lambda _deaths: 0.0)
        self.states: list[AgentState] = []
        self.agent.subscribe(self.states.append)
        self._monkeypatch = monkeypatch

    def program(self, code: str) -> None:
        def program(_module: str, _executable: str) -> list[str]:
            return [sys.executable, "-c", code]

        self._monkeypatch.setattr("console.core.local_agent.program", program)

    def starts(self) -> list[str]:
        file = self.agent.data_dir / "starts"
        return file.read_text().splitlines() if file.exists() else []


Scene = Callable[[Stage], Coroutine[Any, Any, None]]


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Scene], Stage]:
    def play_(scene: Scene) -> Stage:
        async def work() -> Stage:
            stage = Stage(tmp_path, monkeypatch)
            try:
                await scene(stage)
            finally:
                await stage.agent.stop()
            return stage

        return asyncio.run(work())

    return play_


def test_it_enrols_with_the_token_on_stdin(play: Callable[[Scene], Stage]) -> None:
    async def scene(stage: Stage) -> None:
        stage.program(RUNS)
        assert not stage.agent.is_enrolled
        stage.agent.start(INVITATION)
        await until(lambda: stage.agent.is_enrolled, "enrolment")

    stage = play(scene)
    (start,) = stage.starts()
    assert start.endswith('"dfe_secret"]')
    assert "dfe_secret" not in start.removesuffix('"dfe_secret"]')
    assert stage.states == [AgentState.ABSENT, AgentState.RUNNING]


def test_one_that_is_not_let_in_says_why_and_is_not_started_again(play: Callable[[Scene], Stage]) -> None:
    async def scene(stage: Stage) -> None:
        stage.program(REFUSED)
        stage.agent.start(INVITATION)
        await until(lambda: stage.agent.state is AgentState.REFUSED, "refusal")

    assert play(scene).agent.sentence == "The token has expired."


def test_one_that_dies_is_started_again_without_the_token(play: Callable[[Scene], Stage]) -> None:
    async def scene(stage: Stage) -> None:
        stage.program(DIES)
        stage.agent.start(INVITATION)
        await until(lambda: len(stage.starts()) >= 2, "second start")
        assert stage.agent.sentence == "The journal is damaged."

    stage = play(scene)
    assert "--token-file" in stage.starts()[0]
    assert "--token-file" not in stage.starts()[1]
    assert AgentState.RESTARTING in stage.states


def test_one_that_was_uninstalled_stays_away(play: Callable[[Scene], Stage]) -> None:
    async def scene(stage: Stage) -> None:
        stage.program(ENROLS)
        stage.agent.start(INVITATION)
        await until(lambda: len(stage.states) == 3, "end")

    stage = play(scene)
    assert stage.states == [AgentState.ABSENT, AgentState.RUNNING, AgentState.ABSENT]
    assert len(stage.starts()) == 1


def test_the_delays_grow_to_a_limit() -> None:
    assert 0.5 <= restart_delay(1) <= 1.0
    assert restart_delay(30) <= 60
