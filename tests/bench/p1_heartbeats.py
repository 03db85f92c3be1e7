"""P1: heartbeats over the agent channel, validated, presence updated, over 64 connections."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench.figures import result
from tests.bench.simulated_fleet import Herd, echo_floor, simulated_fleet

CONNECTIONS = 64
BEATS = 3_000
WARM_UP = 200


def run() -> dict[str, Any]:
    """Per second of the service's own processor time. Floor: the same listener echoing the same frames."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with echo_floor(folder, CONNECTIONS) as floor:
            floor.herd.do("echo", count=WARM_UP, connections=CONNECTIONS)
            echoes = _rates(floor.herd, "echo", floor.cpu_s)
        with simulated_fleet(folder) as fleet:
            grown = {}
            for count in (CONNECTIONS, 10 * CONNECTIONS):
                fleet.grow(count)
                fleet.herd.do("beat", count=WARM_UP, connections=count)
                grown[count] = _rates(fleet.herd, "beat", fleet.cpu_s, count)
    reached = grown[CONNECTIONS]
    return result(
        "heartbeats over 64 connections, validated, presence updated",
        {},
        reached,
        at_least={"per_core_s": 30_000},
        floor={f"echo_{key}": value for key, value in echoes.items()},
        with_ten_times_the_connections=grown[10 * CONNECTIONS],
    )


def _rates(
    herd: Herd, command: str, cpu_s: Callable[[], float], connections: int = CONNECTIONS
) -> dict[str, float]:
    before = cpu_s()
    done = herd.do(command, count=BEATS * CONNECTIONS // connections, connections=connections)
    return {
        "per_core_s": round(done["beats"] / (cpu_s() - before)),
        "per_wall_s": round(done["beats"] / done["seconds"]),
    }
