"""A script that floods its agent with output: what it costs, measured at a real agent with a real runner.

`python -m tests.agent.flood [GIGABYTES]` (10 when nothing is said) prints one JSON line.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from tests.agent.agent_process import AgentProcess
from tests.agent.certificates import make_ca, make_leaf
from tests.agent.fake_service import FakeService

LOOK_EVERY_S = 0.05


@dataclass(frozen=True)
class Flood:
    """Sizes in bytes. `agent_growth`: of the agent's resident memory over what it was before; `runner`: all
    of the runner's memory that is its own and not shared with the host it was forked from; `script_s` and
    `pipe_s`: how long the script took, and how long the same program takes into `cat`."""

    written: int
    kept: int
    agent_growth: int
    runner: int
    script_s: float
    pipe_s: float


def flood(service: FakeService, agent: AgentProcess, size: int) -> Flood:
    """Let a script of a connected agent write so many zeros."""
    script = f"head -c {size} /dev/zero"
    program = psutil.Process(agent.pid)
    service.wait_for_done(service.offer(1, "sh", "echo warm"))
    before = program.memory_info().rss
    watch = _Watch(program)
    attempt = service.offer(2, "sh", script)
    while attempt not in service.closed:
        watch.look()
        time.sleep(LOOK_EVERY_S)
    done = service.wait_for_done(attempt)
    assert (done.outcome, done.stdout_total) == ("exited", size), done
    return Flood(
        size,
        done.stdout_size,
        watch.agent - before,
        watch.runner,
        done.duration_ms / 1000,
        _into_cat(script),
    )


class _Watch:
    """The most memory that was seen."""

    def __init__(self, agent: psutil.Process) -> None:
        self._agent = agent
        self.agent = self.runner = 0

    def look(self) -> None:
        self.agent = max(self.agent, self._agent.memory_info().rss)
        for host in self._agent.children():
            for runner in _children(host):
                try:
                    self.runner = max(self.runner, runner.memory_full_info().uss)
                except psutil.Error:
                    continue


def _children(process: psutil.Process) -> list[psutil.Process]:
    """None of one that has ended meanwhile: an agent also looks, once, what is installed."""
    try:
        return process.children()
    except psutil.Error:
        return []


def _into_cat(script: str) -> float:
    began = time.perf_counter()
    with subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE) as writer:
        subprocess.run(["cat"], stdin=writer.stdout, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def main(gigabytes: str = "10") -> None:
    ca = make_ca()
    with tempfile.TemporaryDirectory() as folder:
        service = FakeService(Path(folder), ca, make_leaf(ca))
        service.start()
        agent = AgentProcess(service, Path(folder) / "device")
        try:
            agent.start()
            found = flood(service, agent, int(float(gigabytes) * (1 << 30)))
            sys.stdout.write(json.dumps(asdict(found)) + "\n")
        finally:
            agent.stop()
            service.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
