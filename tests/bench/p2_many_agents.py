"""P2: a 1 KB script to 1,000 connected agents, each with a result of 1 KB, until every result is durable."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.figures import median, result
from tests.bench.simulated_fleet import Fleet, echo_floor, simulated_fleet

AGENTS = (100, 300, 1_000)
SIZE = 1024
TIMES = 5
BUDGET_MS = 150.0


def run() -> dict[str, Any]:
    """From sending the API call to the arrival of the last receipt, which follows the commit. Floor: one
    message of 1 KB to each peer of a bare echo service, and its answer: no permit, nothing durable."""
    with tempfile.TemporaryDirectory() as name:
        floors = {count: _floor_ms(Path(name), count) for count in AGENTS}
        with simulated_fleet(Path(name), SIZE) as fleet:
            script = fleet.api.make_script("1 KB", "echo hello".ljust(SIZE, "#"))
            took = {count: _took_ms(fleet, script, count) for count in AGENTS}
            before = fleet.cpu_s()
            _once(fleet, _body(fleet, script, AGENTS[-1]), AGENTS[-1])
            cpu_s = fleet.cpu_s() - before
    return result(
        f"1 KB script to {AGENTS[-1]} connected agents, 1 KB results, all durable",
        {"last_ms": BUDGET_MS},
        {"last_ms": took[AGENTS[-1]]},
        growth={count: {"last_ms": last_ms} for count, last_ms in took.items()},
        service_cpu_ms_each=round(cpu_s * 1000 / AGENTS[-1], 3),
        floor={"round_trip_ms": floors},
        times=TIMES,
    )


def _took_ms(fleet: Fleet, script: int, count: int) -> float:
    fleet.grow(count)
    body = _body(fleet, script, count)
    return round(median([_once(fleet, body, count) for _ in range(1 + TIMES)][1:]), 1)


def _body(fleet: Fleet, script: int, count: int) -> dict[str, Any]:
    return {"script_id": script, "targets": {"devices": fleet.ids[:count]}}


def _once(fleet: Fleet, body: dict[str, Any], count: int) -> float:
    fleet.herd.do("reset")
    fleet.herd.begin("results", count=count)
    began = time.monotonic()
    fleet.api.post("/api/v1/rollouts", body)
    return (float(fleet.herd.end()["last_at"]) - began) * 1000


def _floor_ms(folder: Path, count: int) -> float:
    with echo_floor(folder / str(count), count, SIZE) as floor:
        taken = [floor.herd.do("broadcast", size=SIZE)["seconds"] * 1000 for _ in range(1 + TIMES)]
    return round(median(taken[1:]), 1)
