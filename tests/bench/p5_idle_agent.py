"""P5: an idle agent: memory alone and with its spare runner, processor time, start to connected."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from tests.bench.figures import median, result
from tests.helpers.processes import AgentProcess, Api, eventually, fleet

IDLE_S = 20.0
STARTS = 5
MIB = 1 << 20


def run() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, fleet(Path(folder)) as (_, agent, api, device):
        starts = [_restart_ms(agent, api, device) for _ in range(STARTS)]
        assert agent.process is not None
        process = psutil.Process(agent.process.pid)
        time.sleep(3)
        before = _cpu_s(process)
        time.sleep(IDLE_S)
        cpu_percent = (_cpu_s(process) - before) / IDLE_S * 100
        alone = process.memory_info().rss / MIB
        tree = alone + sum(child.memory_info().rss for child in process.children(recursive=True)) / MIB
    return result(
        "idle agent",
        {"rss_mib": 36, "tree_rss_mib": 50, "cpu_percent": 0.1, "start_to_connected_ms": 300},
        {
            "rss_mib": round(alone, 1),
            "tree_rss_mib": round(tree, 1),
            "cpu_percent": round(cpu_percent, 3),
            "start_to_connected_ms": round(median(starts)),
        },
        idle_s=IDLE_S,
    )


def _restart_ms(agent: AgentProcess, api: Api, device: int) -> float:
    agent.stop()
    eventually(lambda: not _connected(api, device), "disconnected device")
    begin = time.perf_counter()
    agent.start()
    eventually(lambda: _connected(api, device), "connected device")
    return (time.perf_counter() - begin) * 1000


def _connected(api: Api, device: int) -> bool:
    return bool(api.get(f"/api/v1/devices/{device}")["connected"])


def _cpu_s(process: psutil.Process) -> float:
    """Processor seconds of the agent and what it keeps running."""
    members = [process, *process.children(recursive=True)]
    return sum(sum(member.cpu_times()[:2]) for member in members)
