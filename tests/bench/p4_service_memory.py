"""P4: memory of the service: at rest, and for each agent that is connected over TLS."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from tests.bench.figures import result
from tests.bench.simulated_fleet import Fleet, simulated_fleet

AGENTS = (300, 3_000)
BASE_MIB, AGENT_KIB = 110, 60
BEAT_S, SETTLE_S = 1.0, 3.0


def run() -> dict[str, Any]:
    """Resident memory. The base is that of a service which has enrolled its devices and was started again;
    every agent has said hello and sends heartbeats."""
    with tempfile.TemporaryDirectory() as name, simulated_fleet(Path(name)) as fleet:
        grown = {count: _grown(fleet, count) for count in AGENTS}
    most = grown[AGENTS[-1]]
    return result(
        "service: memory at rest and per connected TLS agent",
        {"base_mib": BASE_MIB, "agent_kib": AGENT_KIB},
        {"base_mib": round(most["base"] / (1 << 20), 1), "agent_kib": _kib_each(most, AGENTS[-1])},
        agents=AGENTS[-1],
        with_a_tenth_of_the_agents={"agent_kib": _kib_each(grown[AGENTS[0]], AGENTS[0])},
    )


def _grown(fleet: Fleet, count: int) -> dict[str, int]:
    fleet.enroll(count)
    fleet.restart()
    base = fleet.memory()
    fleet.grow(count)
    fleet.herd.do("keep_beating", every_s=BEAT_S, seconds=SETTLE_S)
    return {"base": base, "full": fleet.memory()}


def _kib_each(grown: dict[str, int], count: int) -> float:
    return round((grown["full"] - grown["base"]) / count / 1024, 1)
