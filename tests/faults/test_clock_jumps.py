"""The wall clock jumps by ten years, there and back, on either side: nothing is lost, stuck or done twice."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.small_fleet import SmallFleet, expected_output, small_fleet
from tests.helpers.processes import eventually

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the scripts are written for sh")

TEN_YEARS_S = 10 * 365 * 86400


class Clocks:
    """The offsets of the two programs' wall clocks, in files."""

    def __init__(self, folder: Path) -> None:
        self.service = folder / "service-clock"
        self.agent = folder / "agent-clock"
        for path in (self.service, self.agent):
            path.write_text("0")

    def program(self, which: Path, module: str) -> tuple[str, ...]:
        return ("-m", "tests.faults.jumping_clock", str(which), module)


@pytest.fixture
def jumping(tmp_path: Path) -> Iterator[tuple[SmallFleet, Clocks]]:
    clocks = Clocks(tmp_path)
    with small_fleet(
        tmp_path,
        service_program=clocks.program(clocks.service, "backend_lite"),
        agent_program=clocks.program(clocks.agent, "agent"),
    ) as fleet:
        yield fleet, clocks


@pytest.mark.parametrize("years", [1, -1], ids=["ten years ahead", "ten years back"])
@pytest.mark.parametrize("side", ["service", "agent"])
def test_a_step_that_runs_while_the_clock_jumps_ends_as_it_should(
    jumping: tuple[SmallFleet, Clocks], side: str, years: int, tmp_path: Path
) -> None:
    fleet, clocks = jumping
    gate = tmp_path / "gate"
    held = fleet.api.make_script(
        "held", f"echo begun; while [ ! -e '{gate}' ]; do sleep 0.02; done; echo done\n"
    )
    counted = fleet.one_effect()
    running = fleet.api.start(held, fleet.devices[0])
    behind = fleet.api.start(counted, fleet.devices[0], parameters={"MARK": "behind", "PAUSE": "0"})
    eventually(lambda: fleet.api.output(running) == b"begun\n", "first output")
    getattr(clocks, side).write_text(str(years * TEN_YEARS_S))
    fleet.restart_agent(0)
    gate.touch()
    # A session may have ended meanwhile: it counts in years, too.
    fleet.api.log_in()
    assert fleet.api.ended(running, 60)["state"] == "succeeded"
    assert fleet.api.output(running) == b"begun\ndone\n"
    if side == "service":
        log = fleet.service.folder.with_name("service.stderr")
        eventually(lambda: "the wall clock has jumped" in log.read_text(), "word of the jump")
    after = fleet.api.start(counted, fleet.devices[0], parameters={"MARK": "after", "PAUSE": "0"})
    ended = fleet.api.ended(after, 60)
    assert ended["state"] == "succeeded"
    if side == "service":
        assert abs(int(ended["created_at"][:4]) - time.gmtime().tm_year) in (9, 10)
    getattr(clocks, side).write_text("0")
    fleet.restart_agent(0)
    fleet.api.log_in()
    last = fleet.api.start(counted, fleet.devices[0], parameters={"MARK": "last", "PAUSE": "0"})
    assert fleet.api.ended(last, 60)["state"] == "succeeded"
    assert fleet.api.output(last) == expected_output("last")
    # What was waiting ran, or expired because its time was over by the service's own clock: never both.
    waited = fleet.api.ended(behind, 60)
    effects = fleet.effects_by_step()
    happened = effects.pop(waited["steps"][0]["id"], 0)
    assert (waited["state"], happened) in (("succeeded", 1), ("expired", 0))
    assert set(effects.values()) == {1}
    assert len(effects) == 2
