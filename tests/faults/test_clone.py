"""A copied data folder: nothing is done twice, and the device is flagged."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.faults.small_fleet import SmallFleet, small_fleet
from tests.helpers.processes import AgentProcess, eventually

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the scripts are written for sh")


def _start(fleet: SmallFleet, script: int, mark: str) -> int:
    return fleet.api.start(script, fleet.devices[0], parameters={"MARK": mark, "PAUSE": "0"})


def _quarantined(fleet: SmallFleet) -> bool:
    return bool(fleet.device(0)["admission"] == "quarantined")


def test_two_copies_at_once_get_no_work_until_a_person_decides(tmp_path: Path) -> None:
    with small_fleet(tmp_path) as fleet:
        script = fleet.one_effect()
        fleet.api.ended(_start(fleet, script, "before"))
        copy = _copy(fleet, tmp_path / "copy")
        try:
            copy.start()
            eventually(lambda: _quarantined(fleet), "quarantine", 60)
            assert "copies" in fleet.device(0)["quarantine_reason"]
            waiting = _start(fleet, script, "while in doubt")
            assert "may not work" in fleet.api.run(waiting)["waiting"]
            copy.stop()
            fleet.api.post(f"/api/v1/devices/{fleet.devices[0]}/approve")
            assert fleet.api.ended(waiting)["state"] == "succeeded"
        finally:
            copy.stop()
        assert set(fleet.effects_by_step().values()) == {1}
        assert len(fleet.effects_by_step()) == 2


def test_a_copy_that_comes_later_finds_the_work_done(tmp_path: Path) -> None:
    """The older copy knows of a promise that the newer one has kept meanwhile."""
    with small_fleet(tmp_path) as fleet:
        script = fleet.one_effect()
        run = _start(fleet, script, "in the air")
        copy = _copy(fleet, tmp_path / "copy")
        try:
            assert fleet.api.ended(run)["state"] == "succeeded"
            fleet.agents[0].stop()
            copy.start()
            fleet.until_connected(0)
            later = _start(fleet, script, "on the copy")
            assert fleet.api.ended(later)["state"] == "succeeded"
            copy.stop()
            fleet.agents[0].start()
            eventually(lambda: _quarantined(fleet), "quarantine of the one that came back", 60)
        finally:
            copy.stop()
        assert set(fleet.effects_by_step().values()) == {1}


def _copy(fleet: SmallFleet, folder: Path) -> AgentProcess:
    """As the folder is at one moment: what the agent clears up meanwhile makes it another try."""

    def copied() -> bool:
        shutil.rmtree(folder, ignore_errors=True)
        try:
            shutil.copytree(fleet.agents[0].folder, folder)
        except shutil.Error:
            return False
        return True

    eventually(copied, "copy of the data folder")
    return AgentProcess(folder)
