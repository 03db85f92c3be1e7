"""A full disk under the agent or under the service: nothing is lost once there is space again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.small_fleet import SmallFleet, expected_output, small_fleet
from tests.helpers.processes import Refused, eventually

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a small file system is mounted")

SIZE = 64 << 20
ALL_BUT = 48 << 10


class SmallDisk:
    """A file system of its own that `fill` leaves hardly any space on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")

    def fill(self, leave: int = ALL_BUT) -> None:
        with self._ballast.open("ab", buffering=0) as ballast:
            block = b"\0" * 4096
            try:
                while self.free() > leave:
                    ballast.write(block)
            except OSError:
                return

    def empty(self) -> None:
        self._ballast.unlink(missing_ok=True)

    def free(self) -> int:
        status = os.statvfs(self.folder)
        return status.f_bavail * status.f_frsize

    def remove(self) -> None:
        subprocess.run(["umount", "-l", str(self.folder)], check=False)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    made = SmallDisk(tmp_path / "disk")
    yield made
    made.remove()


def _start(fleet: SmallFleet, script: int, mark: str) -> int:
    return fleet.api.start(script, fleet.devices[0], parameters={"MARK": mark, "PAUSE": "0"})


def _check(fleet: SmallFleet, run_id: int, mark: str) -> None:
    run = fleet.api.ended(run_id, 60)
    assert (run["state"], run["source"]) == ("succeeded", "reported"), run
    assert fleet.api.output(run_id) == expected_output(mark)


def test_an_agent_without_space_starts_nothing_and_says_why(disk: SmallDisk, tmp_path: Path) -> None:
    with small_fleet(tmp_path, agents=0) as fleet:
        fleet.add_agent(disk.folder / "agent-0")
        script = fleet.one_effect()
        disk.fill()
        held = _start(fleet, script, "held")
        eventually(lambda: "disk" in fleet.api.run(held)["waiting"].lower(), "word of the full disk")
        assert not fleet.effects_by_step()
        fleet.restart_agent(0)
        disk.empty()
        _check(fleet, held, "held")
        assert set(fleet.effects_by_step().values()) == {1}


def test_a_disk_that_fills_up_while_a_script_runs_loses_no_verdict(disk: SmallDisk, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    with small_fleet(tmp_path, agents=0) as fleet:
        fleet.add_agent(disk.folder / "agent-0")
        script = fleet.api.make_script(
            "fills up",
            f"echo begun; while [ ! -e '{gate}' ]; do sleep 0.02; done; "
            "yes 0123456789 | head -c 2000000; exit 7\n",
        )
        run_id = fleet.api.start(script, fleet.devices[0])
        eventually(lambda: fleet.api.output(run_id) == b"begun\n", "first output")
        disk.fill(leave=0)
        gate.touch()
        run = fleet.api.ended(run_id, 60)
        step = run["steps"][0]
        assert (run["state"], run["source"], step["exit_code"]) == ("failed", "reported", 7)
        assert step["stdout_total"] == len(b"begun\n") + 2_000_000
        assert step["truncated"]
        disk.empty()
        after = _start(fleet, fleet.one_effect(), "after")
        _check(fleet, after, "after")


def test_a_service_without_space_refuses_and_then_goes_on(disk: SmallDisk, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    with small_fleet(disk.folder, agents=0) as fleet:
        fleet.effects = tmp_path / "effects"
        fleet.add_agent(tmp_path / "agent-0")
        script = fleet.one_effect()
        held = fleet.api.make_script(
            "held",
            f"echo begun; while [ ! -e '{gate}' ]; do sleep 0.02; done; yes 0123456789 | head -c 500000\n",
        )
        running = fleet.api.start(held, fleet.devices[0])
        eventually(lambda: fleet.api.output(running) == b"begun\n", "first output")
        disk.fill(leave=0)
        gate.touch()
        with pytest.raises(Refused) as refused:
            for number in range(500):
                _start(fleet, script, f"accepted {number}")
        assert refused.value.status == 507
        assert "disk" in str(refused.value.body["detail"]).lower()
        disk.empty()
        assert fleet.api.ended(running, 60)["state"] == "succeeded"
        assert fleet.api.output(running)[:17] == b"begun\n0123456789\n"
        assert len(fleet.api.output(running)) == 500_006
        runs = fleet.api.get("/api/v1/runs?limit=1000")["items"]
        accepted = [run["id"] for run in runs if run["id"] != running]
        for run_id in accepted:
            assert fleet.api.ended(run_id, 60)["state"] == "succeeded"
        effects = fleet.effects_by_step()
        assert len(effects) == len(accepted)
        assert set(effects.values()) <= {1}
