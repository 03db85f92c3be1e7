"""Far more output than is kept: the agent's memory stays, the totals are true, head and tail are right."""

from __future__ import annotations

import contextlib
import sys
import threading
from pathlib import Path

import psutil
import pytest

from tests.faults.forms import by_form
from tests.faults.small_fleet import small_fleet
from tests.helpers.processes import Api

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="head and tr are used")

SIZE = by_form(300 << 20, 10 << 30)
MOST_GROWTH = 20 << 20
HEAD = 50 << 20
BLOCK = 4 << 20
LINE = b"abcdefghijklmnopqrstuvwxyz012345678901234567890123456789012345\n"


def test_the_agent_does_not_grow_with_the_output(tmp_path: Path) -> None:
    with small_fleet(tmp_path) as fleet:
        small = fleet.api.make_script("small", "echo warm\n")
        fleet.api.ended(fleet.api.start(small, fleet.devices[0]))
        process = fleet.agents[0].process
        assert process is not None
        memory = _Memory(process.pid)
        script = fleet.api.make_script(
            "much", f"yes '{LINE.decode().strip()}' | head -c {SIZE}; echo end >&2\n"
        )
        with memory:
            run = fleet.api.ended(fleet.api.start(script, fleet.devices[0]), 1200)
        step = run["steps"][0]
        print(f"{SIZE >> 20} MiB of output: the agent's processes grew by {memory.growth >> 20} MiB")
        assert run["state"] == "succeeded"
        assert step["stdout_total"] == SIZE
        assert step["truncated"]
        assert fleet.api.output(run["id"], "stderr") == b"end\n"
        assert memory.growth <= MOST_GROWTH
        _check_what_was_kept(fleet.api, run["id"], step)


def _check_what_was_kept(api: Api, run_id: int, step: dict[str, int]) -> None:
    """Every byte of head and tail is the byte that the script printed there."""
    gap, size = step["stdout_gap"], step["stdout_size"]
    assert 0 < gap <= HEAD < size < SIZE
    at = 0
    while at < size:
        path = f"/api/v1/runs/{run_id}/steps/1/output?stream=stdout&offset={at}&limit={BLOCK}"
        got: bytes = api.get(path)
        assert got
        first = got[: max(0, gap - at)]
        assert first == _printed(at, len(first))
        assert got[len(first) :] == _printed(SIZE - size + at + len(first), len(got) - len(first))
        at += len(got)


def _printed(start: int, length: int) -> bytes:
    """What the script wrote there."""
    lead = start % len(LINE)
    return (LINE * ((lead + length) // len(LINE) + 1))[lead : lead + length]


class _Memory:
    """Watches the largest resident memory of a process with its descendants, beyond what it was before.

    The script's own processes do not count.
    """

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._before = self._now()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.growth = 0

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            self.growth = max(self.growth, self._now() - self._before)

    def _now(self) -> int:
        total = 0
        for process in [self._process, *self._process.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                # Who looks what is installed has nothing to do with output.
                if "python" in process.name() and "installed" not in process.cmdline():
                    total += process.memory_info().rss
        return total
