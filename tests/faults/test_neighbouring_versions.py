"""Agents of former versions with this service, and this agent with services of former versions."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.faults.small_fleet import expected_output, small_fleet

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the scripts are written for sh")

NOW = {"service": ("-m", "backend_lite"), "agent": ("-m", "agent")}
MODULES = {"service": "backend_lite", "agent": "agent"}


def before(side: str, version: int) -> tuple[str, ...]:
    return ("-m", "tests.faults.older_wire", str(version), MODULES[side])


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("older", ["agent", "service"])
def test_neighbouring_versions_do_the_main_job_together(older: str, version: int, tmp_path: Path) -> None:
    programs = NOW | {older: before(older, version)}
    with small_fleet(tmp_path, service_program=programs["service"], agent_program=programs["agent"]) as fleet:
        run_id = fleet.api.start(
            fleet.one_effect(), fleet.devices[0], parameters={"MARK": "both", "PAUSE": "0"}
        )
        assert fleet.api.ended(run_id)["state"] == "succeeded"
        assert fleet.api.output(run_id) == expected_output("both")
        fleet.restart_agent(0)
        fleet.restart_service()
        fleet.until_connected(0)
        again = fleet.api.start(
            fleet.one_effect("again"), fleet.devices[0], parameters={"MARK": "again", "PAUSE": "0"}
        )
        assert fleet.api.ended(again)["state"] == "succeeded"


def test_an_older_agent_is_not_given_what_it_does_not_know(tmp_path: Path) -> None:
    with small_fleet(tmp_path, agent_program=before("agent", 1)) as fleet:
        script = fleet.api.make_script("elsewhere", "pwd\n")
        run = fleet.api.ended(
            fleet.api.start(script, fleet.devices[0], policy={"working_folder": str(tmp_path)})
        )
        assert run["steps"][0]["state"] == "rejected"
        assert "update" in run["steps"][0]["reason"].lower()
