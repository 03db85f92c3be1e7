"""Cuts, half-open connections, a lossy line, a pulled cable: every effect once, every output whole."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import forms
from tests.faults.forms import by_form
from tests.faults.small_fleet import SmallFleet, expected_output, small_fleet
from tests.faults.weather import Weather
from tests.helpers.processes import eventually

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the scripts are written for sh")

Stormy = tuple[SmallFleet, Weather]
SEED = 7


@pytest.fixture
def stormy(tmp_path: Path) -> Iterator[Stormy]:
    """One agent that reaches the service only through the weather."""
    with small_fleet(tmp_path, agents=0) as fleet:
        host, port = fleet.service.ready["agent_url"].removeprefix("https://").rsplit(":", 1)
        weather = Weather((host, int(port)), SEED)
        try:
            fleet.add_agent(tmp_path / "agent-0", f"https://127.0.0.1:{weather.port}")
            yield fleet, weather
        finally:
            # The agent first: it would ask a dead port again and again.
            for agent in fleet.agents:
                agent.stop()
            weather.close()


def _start(fleet: SmallFleet, script: int, count: int) -> dict[int, str]:
    marks = [f"mark-{number}" for number in range(count)]
    return {
        fleet.api.start(script, fleet.devices[0], parameters={"MARK": mark, "PAUSE": "0.02"}): mark
        for mark in marks
    }


def _check(fleet: SmallFleet, runs: dict[int, str]) -> None:
    for run_id, mark in runs.items():
        run = fleet.api.ended(run_id, 120)
        assert (run["state"], run["source"]) == ("succeeded", "reported"), run
        assert fleet.api.output(run_id) == expected_output(mark)
        assert fleet.api.output(run_id, "stderr") == f"{mark} end\n".encode()
    effects = fleet.effects_by_step()
    assert set(effects.values()) == {1}
    assert len(effects) == len(runs)


def test_a_connection_that_is_cut_all_the_time(stormy: Stormy) -> None:
    fleet, weather = stormy
    runs = _start(fleet, fleet.one_effect(), by_form(15, 100))
    chance, calm = random.Random(SEED), threading.Event()

    def cut_until_calm() -> None:
        while not calm.wait(chance.uniform(0.05, 0.8)):
            weather.cut()

    storm = threading.Thread(target=cut_until_calm)
    storm.start()
    try:
        eventually(lambda: len(fleet.effects_by_step()) > len(runs) // 2, "half of the work", 120)
    finally:
        calm.set()
        storm.join()
    _check(fleet, runs)


def test_a_line_that_loses_every_third_packet(stormy: Stormy) -> None:
    fleet, weather = stormy
    weather.loss = 0.3
    _check(fleet, _start(fleet, fleet.one_effect(), by_form(4, 30)))


def test_a_half_open_connection_is_given_up_and_nothing_is_lost(stormy: Stormy, tmp_path: Path) -> None:
    fleet, weather = stormy
    gate = tmp_path / "gate"
    held = fleet.api.make_script(
        "held", f"echo begun; while [ ! -e '{gate}' ]; do sleep 0.02; done; echo done\n"
    )
    run_id = fleet.api.start(held, fleet.devices[0])
    eventually(lambda: fleet.api.output(run_id) == b"begun\n", "first output")
    weather.freeze()
    gate.touch()
    assert fleet.api.ended(run_id, 120)["state"] == "succeeded"
    assert fleet.api.output(run_id) == b"begun\ndone\n"


class Cable:
    """An agent's network namespace, joined to the service by a pair of virtual interfaces."""

    SERVICE, AGENT, NAME = "10.213.77.1", "10.213.77.2", "deployflow-fault"

    def __init__(self) -> None:
        try:
            self._ip("netns", "add", self.NAME)
            self._ip("link", "add", "dff0", "type", "veth", "peer", "name", "dff1", "netns", self.NAME)
            self._ip("addr", "add", f"{self.SERVICE}/30", "dev", "dff0")
            self._ip("-n", self.NAME, "addr", "add", f"{self.AGENT}/30", "dev", "dff1")
            self._ip("-n", self.NAME, "link", "set", "dff1", "up")
            self._ip("-n", self.NAME, "link", "set", "lo", "up")
            self.plug_in()
        except (OSError, subprocess.CalledProcessError) as error:
            self.remove()
            pytest.skip(f"no network namespaces here: {error}")

    def plug_in(self) -> None:
        self._ip("link", "set", "dff0", "up")

    def pull(self) -> None:
        self._ip("link", "set", "dff0", "down")

    def remove(self) -> None:
        for command in (("link", "del", "dff0"), ("netns", "del", self.NAME)):
            subprocess.run(["ip", *command], capture_output=True, check=False)

    def _ip(self, *arguments: str) -> None:
        subprocess.run(["ip", *arguments], capture_output=True, check=True, text=True)


@pytest.fixture
def cable() -> Iterator[Cable]:
    if sys.platform != "linux":
        pytest.skip("network namespaces are Linux's")
    made = Cable()
    yield made
    made.remove()


def test_a_pulled_cable_in_a_network_of_its_own(cable: Cable, tmp_path: Path) -> None:
    with small_fleet(tmp_path, agents=0, service_options=("--agent-host", Cable.SERVICE)) as fleet:
        program = ("-m", "tests.faults.in_namespace", Cable.NAME, "agent")
        fleet.add_agent(tmp_path / "agent-0", fleet.service.ready["agent_url"], program)
        gate = tmp_path / "gate"
        held = fleet.api.make_script(
            "held", f"echo begun; while [ ! -e '{gate}' ]; do sleep 0.02; done; echo done\n"
        )
        counted = fleet.one_effect()
        running = fleet.api.start(held, fleet.devices[0])
        eventually(lambda: fleet.api.output(running) == b"begun\n", "first output")
        cable.pull()
        behind = _start(fleet, counted, 3)
        gate.touch()
        if forms.LONG:
            # It takes a while until a line that says nothing is taken for dead.
            fleet.until_connected(0, connected=False)
            assert "No contact" in fleet.api.run(running)["waiting"]
        cable.plug_in()
        assert fleet.api.ended(running, 120)["state"] == "succeeded"
        assert fleet.api.output(running) == b"begun\ndone\n"
        _check(fleet, behind)
