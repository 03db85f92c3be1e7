"""Random kill -9 of the service and of agents: every effect exactly once, every output complete."""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.faults.forms import by_form
from tests.faults.small_fleet import SmallFleet, expected_output, small_fleet

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the scripts are written for sh")

AGENTS = 4
ROLLOUTS = by_form(16, 120)
SEED = 20_261


def test_every_effect_happens_once_and_every_output_is_whole(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    with small_fleet(tmp_path, AGENTS) as fleet:
        script = fleet.one_effect()
        runs: dict[int, str] = {}
        kills = [0, 0]
        for number in range(ROLLOUTS):
            mark = f"mark-{number}"
            runs |= dict.fromkeys(_start(fleet, script, mark, chance.choice(("0", "0.05", "0.2"))), mark)
            if chance.random() < 0.5:
                kills[_kill(fleet, chance)] += 1
        while open_runs := _open(fleet, runs):
            kills[_kill(fleet, chance)] += 1
            _until_fewer(fleet, runs, len(open_runs), chance.uniform(0.3, 2.5))
        print(f"{len(runs)} runs, {kills[0]} kills of the service, {kills[1]} of agents")
        _check(fleet, runs)


def _start(fleet: SmallFleet, script: int, mark: str, pause: str) -> list[int]:
    """The same key twice is the same rollout, so a killed service may be asked again."""
    body = {
        "script_id": script,
        "targets": {"devices": fleet.devices},
        "parameters": {"MARK": mark, "PAUSE": pause},
    }
    answer = fleet.patiently(lambda api: api.post("/api/v1/rollouts", body, **{"Idempotency-Key": mark}))
    return list(answer["run_ids"])


def _kill(fleet: SmallFleet, chance: random.Random) -> int:
    """0 for the service, 1 for an agent."""
    if chance.random() < 0.3:
        fleet.restart_service()
        return 0
    fleet.restart_agent(chance.randrange(AGENTS))
    return 1


def _open(fleet: SmallFleet, runs: dict[int, str]) -> list[int]:
    return [run["id"] for run in _all(fleet) if run["id"] in runs and not run["ended_at"]]


def _all(fleet: SmallFleet) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = fleet.patiently(lambda api: api.get("/api/v1/runs?limit=1000"))["items"]
    return found


def _until_fewer(fleet: SmallFleet, runs: dict[int, str], before: int, longest_s: float) -> None:
    """Leave the processes alone until something got done; a storm without a lull proves nothing."""
    deadline = time.monotonic() + max(longest_s, 15.0)
    calm = time.monotonic() + longest_s
    while time.monotonic() < deadline:
        if time.monotonic() >= calm and len(_open(fleet, runs)) < before:
            return
        time.sleep(0.05)


def _check(fleet: SmallFleet, runs: dict[int, str]) -> None:
    effects = fleet.effects_by_step()
    for run in _all(fleet):
        step, mark = run["steps"][0], runs[run["id"]]
        assert (run["state"], run["source"]) == ("succeeded", "reported"), run
        assert effects[step["id"]] == 1, f"run {run['id']} happened {effects[step['id']]} times"
        assert fleet.api.output(run["id"]) == expected_output(mark)
        assert fleet.api.output(run["id"], "stderr") == f"{mark} end\n".encode()
    assert sum(effects.values()) == len(runs)
