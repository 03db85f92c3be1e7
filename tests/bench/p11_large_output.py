"""P11: 100 MB of output from one script on a real agent: memory of the agent's processes, and its pace."""

from __future__ import annotations

import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil

from tests.bench.figures import median, result
from tests.helpers.processes import AgentProcess, Api, fleet

MB = 100
TIMES = 5
SAMPLE_S = 0.02
MIB = 1 << 20
LOG = "awk 'BEGIN { for (n = 0; ; n++) printf \"%08d checked, nothing to do for this one\\n\", n }'"
ENDLESS = "yes 0123456789abcdefghijklmnopqrstuvwxyz"


def run() -> dict[str, Any]:
    """Memory: the most that the agent, its runner and its spare had, less what they had at rest. Pace: as the
    agent measured the script, which makes lines of a log, against the same script whose output another
    process copies into a file, in turns; `nothing_but_output` is one that does nothing else."""
    with tempfile.TemporaryDirectory() as name, fleet(Path(name)) as (_, agent, api, device):
        small = [_measured(agent, api, device, MB // 10) for _ in range(TIMES)]
        large, floor = [], []
        for _ in range(TIMES):
            large.append(_measured(agent, api, device, MB))
            floor.append(_piped_ms(Path(name), MB))
        endless = _measured(agent, api, device, MB, ENDLESS)
        endless["piped_ms"] = round(_piped_ms(Path(name), MB, ENDLESS))
    script_ms, piped_ms = median([one["script_ms"] for one in large]), median(floor)
    return result(
        f"{MB} MB of output from one script",
        {"grown_mib": 20, "slowed_percent": 10},
        {
            "grown_mib": max(one["grown_mib"] for one in large),
            "slowed_percent": round(max(0.0, script_ms / piped_ms - 1) * 100, 1),
        },
        script_ms=script_ms,
        end_to_end_ms=median([one["end_to_end_ms"] for one in large]),
        floor={"piped_ms": round(piped_ms)},
        nothing_but_output=endless,
        with_a_tenth_of_the_output={name: median([one[name] for one in small]) for name in small[0]},
    )


def _script(source: str, megabytes: int) -> str:
    return f"{source} | head -c {megabytes * 1_000_000}\n"


def _measured(
    agent: AgentProcess, api: Api, device: int, megabytes: int, source: str = LOG
) -> dict[str, float]:
    script = api.make_script(f"{megabytes} MB {time.monotonic()}", _script(source, megabytes))
    assert agent.process is not None
    memory = _Memory(psutil.Process(agent.process.pid))
    began = time.monotonic()
    with memory:
        ended = api.ended(api.start(script, device), timeout_s=300)
    took = time.monotonic() - began
    step = ended["steps"][0]
    if (ended["state"], step["stdout_total"]) != ("succeeded", megabytes * 1_000_000):
        raise AssertionError(ended)
    return {
        "grown_mib": round(memory.grown / MIB, 1),
        "script_ms": step["duration_ms"],
        "end_to_end_ms": round(took * 1000),
    }


class _Memory:
    """Watches the agent and its runners: what the script starts is not ours, and a look at what is installed
    may fall into any run."""

    def __init__(self, agent: psutil.Process) -> None:
        self._agent = agent
        self._base = self._now()
        self._most = self._base
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    @property
    def grown(self) -> int:
        return self._most - self._base

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(SAMPLE_S):
            self._most = max(self._most, self._now())

    def _now(self) -> int:
        total = 0
        for process in (self._agent, *self._agent.children(recursive=True)):
            try:
                if process == self._agent or "runner" in process.cmdline():
                    total += process.memory_info().rss
            except (psutil.Error, OSError):
                # It ended just now.
                continue
        return total


def _piped_ms(folder: Path, megabytes: int, source: str = LOG) -> float:
    (folder / "script.sh").write_text(_script(source, megabytes))
    with (folder / "copy").open("wb") as copy:
        began = time.monotonic()
        script = subprocess.Popen(["/bin/sh", str(folder / "script.sh")], stdout=subprocess.PIPE)
        copier = subprocess.Popen(["/bin/cat"], stdin=script.stdout, stdout=copy)
        script.wait()
        took = time.monotonic() - began
        copier.wait()
    assert script.stdout is not None
    script.stdout.close()
    return took * 1000
