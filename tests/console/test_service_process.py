"""The watch over the embedded service, with small programs in its place."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from console.core.child import Child
from console.core.local_service import LocalService
from console.service_process import ServiceProcess, ServiceState, ServiceStatus, restart_delay
from tests.helpers.waiting import until

SERVES = """
import json, os, pathlib, sys, time
folder = pathlib.Path(sys.argv[sys.argv.index("--data-dir") + 1])
(folder / "run").mkdir(parents=True, exist_ok=True)
about = {"pid": os.getpid(), "admin_url": f"http://127.0.0.1:{os.getpid()}", "secret": "s"}
(folder / "run" / "service.json").write_text(json.dumps(about))
starts = folder / "starts"
starts.write_text(starts.read_text() + "x" if starts.exists() else "x")
print(json.dumps({"event": "ready", "version": "1", "pid": os.getpid(), "admin_url": about["admin_url"],
                  "agent_url": "https://127.0.0.1:2", "agent_pin": "sha256:0"}), flush=True)
time.sleep(60)
"""
REFUSES = "import sys; print('The data folder cannot be written.', file=sys.stderr); sys.exit(1)"


class Stage:
    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.seen: list[ServiceStatus] = []
        self.theirs: list[str] = []
        self._monkeypatch = monkeypatch
        self.service = self.make()

    def make(self, delay: float = 0.0) -> ServiceProcess:
        async def is_ours(url: str) -> bool:
            return url in self.theirs

        return ServiceProcess(LocalService(self.folder), delay=lambda _: delay, poll_s=0.01, is_ours=is_ours)

    def program(self, code: str) -> None:
        def program(_module: str, _executable: str) -> list[str]:
            return [sys.executable, "-c", code]

        self._monkeypatch.setattr("console.service_process.program", program)
        self.service = self.make()

    def begin(self) -> None:
        self.service.begin()
        self.service.subscribe(self.seen.append)
        self.service.watch()

    async def state(self, state: ServiceState) -> ServiceStatus:
        await until(lambda: self.service.status.state is state, f"state {state}", 15)
        return self.service.status

    @property
    def starts(self) -> int:
        return len((self.folder / "starts").read_text())


Scene = Callable[[Stage], Coroutine[Any, Any, None]]
Play = Callable[[Scene], Stage]


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Play:
    def play_(scene: Scene) -> Stage:
        async def work() -> Stage:
            stage = Stage(tmp_path, monkeypatch)
            try:
                await scene(stage)
            finally:
                await stage.service.stop()
            return stage

        return asyncio.run(work())

    return play_


def test_it_starts_and_tells_address_and_secret(play: Play) -> None:
    async def scene(stage: Stage) -> None:
        stage.program(SERVES)
        stage.begin()
        status = await stage.state(ServiceState.RUNNING)
        assert (status.admin_url.startswith("http://127.0.0.1:"), status.secret) == (True, "s")
        assert "'s'" not in repr(status)

    states = [status.state for status in play(scene).seen]
    assert states == [ServiceState.STARTING, ServiceState.RUNNING, ServiceState.STOPPED]


def test_one_that_cannot_start_says_why_and_waits_for_a_person(play: Play) -> None:
    async def scene(stage: Stage) -> None:
        stage.program(REFUSES)
        stage.begin()
        assert (await stage.state(ServiceState.FAILED)).sentence == "The data folder cannot be written."
        stage.service._command = [sys.executable, "-c", SERVES, "--data-dir", str(stage.folder)]
        stage.service.try_now()
        await stage.state(ServiceState.RUNNING)

    play(scene)


def test_one_that_dies_is_started_again(play: Play) -> None:
    async def scene(stage: Stage) -> None:
        stage.program(SERVES)
        stage.begin()
        await stage.state(ServiceState.RUNNING)
        assert stage.service._child is not None
        os.kill(stage.service._child.pid, signal.SIGTERM)
        await until(lambda: stage.starts == 2, "second start", 15)
        await stage.state(ServiceState.RUNNING)

    told = {status.state: status for status in play(scene).seen}
    assert "ended" in told[ServiceState.RESTARTING].sentence


def test_a_person_need_not_wait_for_the_back_off(play: Play) -> None:
    async def scene(stage: Stage) -> None:
        stage.program(SERVES)
        stage.service = stage.make(delay=3600.0)
        stage.begin()
        await stage.state(ServiceState.RUNNING)
        assert stage.service._child is not None
        os.kill(stage.service._child.pid, signal.SIGTERM)
        await stage.state(ServiceState.RESTARTING)
        stage.service.try_now()
        await stage.state(ServiceState.RUNNING)

    play(scene)


def test_a_service_that_runs_is_attached_to_and_left_running(play: Play) -> None:
    async def scene(stage: Stage) -> None:
        other = Child([sys.executable, "-c", SERVES, "--data-dir", str(stage.folder)])
        url = json.loads(await other.ready())["admin_url"]
        stage.theirs.append(url)
        stage.program(REFUSES)
        stage.begin()
        assert (await stage.state(ServiceState.RUNNING)).admin_url == url
        assert not stage.service.is_own
        await stage.service.stop()
        assert not other.ended.done()
        await other.stop()

    play(scene)


def test_when_an_attached_service_is_gone_its_place_is_taken(play: Play) -> None:
    async def scene(stage: Stage) -> None:
        other = Child([sys.executable, "-c", SERVES, "--data-dir", str(stage.folder)])
        stage.theirs.append(json.loads(await other.ready())["admin_url"])
        stage.program(SERVES)
        stage.begin()
        await stage.state(ServiceState.RUNNING)
        await other.stop()
        await until(lambda: stage.starts == 2, "a service of our own", 15)
        await stage.state(ServiceState.RUNNING)
        assert stage.service.is_own

    play(scene)


def test_a_file_left_behind_by_a_kill_misleads_nobody(play: Play) -> None:
    async def scene(stage: Stage) -> None:
        (stage.folder / "run").mkdir()
        # The id went to another process: this one.
        about = {"pid": os.getpid(), "admin_url": "http://127.0.0.1:9", "secret": "old"}
        (stage.folder / "run" / "service.json").write_text(json.dumps(about))
        stage.program(SERVES)
        stage.begin()
        status = await stage.state(ServiceState.RUNNING)
        assert status.secret == "s"
        assert stage.service.is_own

    play(scene)


@pytest.mark.parametrize("content", ["", "{", '{"pid": "x"}'])
def test_a_damaged_file_is_no_service(tmp_path: Path, content: str) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "service.json").write_text(content)
    assert LocalService(tmp_path).read() is None


def test_the_delays_grow_to_a_limit() -> None:
    assert 0.2 <= restart_delay(1) <= 0.5
    assert restart_delay(30) <= 30
