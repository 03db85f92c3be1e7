"""A tree of seven processes that tries to get away: sessions of its own, double forks, deaf to SIGTERM."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.faults.small_fleet import SmallFleet, small_fleet
from tests.helpers.processes import eventually, words_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the script forks")

MARK = "deployflow-tree-of-seven"
TREE = f"""
import os, signal, sys, time

def stay(name):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.execvp(sys.executable, [sys.executable, "-c", "import time; time.sleep(600)", "{MARK}", name])

def child(name, *, session=False, double=False):
    if os.fork():
        return
    if session:
        os.setsid()
    if double and os.fork():
        os._exit(0)
    stay(name)

child("plain")
child("session", session=True)
child("double", double=True)
child("session and double", session=True, double=True)
if not os.fork():
    os.setpgid(0, 0)
    child("grandchild")
    child("grandchild in a session", session=True, double=True)
    stay("group")
print("planted", flush=True)
time.sleep(600)
"""


def _survivors() -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if MARK in words_of(process)]


def _planted(fleet: SmallFleet, **policy: int) -> int:
    script = fleet.api.make_script(f"tree {policy}", TREE, "python")
    run_id = fleet.api.start(script, fleet.devices[0], policy=policy)
    eventually(lambda: len(_survivors()) == 7, "seven processes")
    return run_id


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[SmallFleet]:
    with small_fleet(tmp_path) as made:
        yield made
    for process in _survivors():
        process.kill()


def test_a_cancel_leaves_no_survivor(fleet: SmallFleet) -> None:
    run_id = _planted(fleet)
    fleet.api.post(f"/api/v1/runs/{run_id}/cancel")
    assert fleet.api.ended(run_id, 60)["state"] == "cancelled"
    assert _survivors() == []


def test_a_timeout_leaves_no_survivor_even_when_the_agent_was_killed(fleet: SmallFleet) -> None:
    run_id = _planted(fleet, timeout_s=3)
    fleet.restart_agent(0)
    run = fleet.api.ended(run_id, 60)
    assert run["steps"][0]["state"] == "timed_out"
    assert _survivors() == []
