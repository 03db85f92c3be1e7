"""A device is removed and takes its agent along: real processes, with and without a connection meanwhile."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.faults.small_fleet import SmallFleet, small_fleet
from tests.helpers.processes import OWNER, AgentProcess, eventually

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the scripts are written for sh")


def _remove(fleet: SmallFleet, device_id: int) -> None:
    fleet.api.call("DELETE", f"/api/v1/devices/{device_id}?uninstall=true")


def _last_run(fleet: SmallFleet, device_id: int) -> dict[str, Any]:
    """How the removal ended; everything else on the device has ended before."""

    def probe() -> dict[str, Any] | None:
        found: list[dict[str, Any]] = fleet.api.get(f"/api/v1/runs?device_id={device_id}")["items"]
        last = [run for run in found if run["title"] == "Remove the agent"]
        return last[0] if last and last[0]["ended_at"] else None

    return eventually(probe, "end of the removal")


def _until_gone(agent: AgentProcess) -> None:
    assert agent.process is not None
    agent.process.wait(30)
    assert agent.process.returncode == 0
    assert not agent.folder.exists()


def test_an_agent_removes_itself_and_what_waited_is_cancelled(tmp_path: Path) -> None:
    with small_fleet(tmp_path, 2) as fleet:
        there, away = fleet.devices
        fleet.agents[1].kill()
        fleet.until_connected(1, connected=False)
        waiting = fleet.api.start(fleet.api.make_script("waits", "echo ran > ran\n"), away)
        for device_id in (there, away):
            _remove(fleet, device_id)
        _until_gone(fleet.agents[0])
        run = _last_run(fleet, there)
        assert (run["state"], run["created_by"]) == ("succeeded", OWNER)
        assert (fleet.api.ended(waiting)["state"], fleet.api.run(waiting)["reason"]) == (
            "cancelled",
            "device_retired",
        )
        fleet.restart_service()
        fleet.agents[1].start()
        _until_gone(fleet.agents[1])
        assert _last_run(fleet, away)["state"] == "succeeded"
        assert fleet.api.get("/api/v1/devices") == []
