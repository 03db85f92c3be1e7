"""A real agent on a disk that fills up: nothing is lost, and work goes on by itself once there is room."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.agent.agent_process import AgentProcess
    from tests.agent.fake_service import FakeService

pytestmark = [
    pytest.mark.sockets,
    pytest.mark.skipif(sys.platform != "linux", reason="its small disk is a tmpfs"),
]

SIZE = "8m"
FILLS_THE_DISK = """
echo begun
cat /dev/zero > "{filler}" 2>&-
head -c 3000000 /dev/zero | tr '\\0' x; echo
until [ -e "{go_on}" ]; do sleep 0.05; done
echo the end >&2; exit 7
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", str(disk)], capture_output=True, check=False
    )
    if not mounted or mounted.returncode:
        pytest.skip("no small disk can be mounted on this machine")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def started(agent: AgentProcess, disk: Path, least_free_mb: int) -> None:
    agent.folder = disk / "device"
    agent.folder.mkdir(mode=0o700)
    (agent.folder / "settings.json").write_text(f'{{"least_free_mb": {least_free_mb}}}')
    agent.start()


def test_the_verdict_outlives_a_full_disk_and_work_goes_on_when_there_is_room(
    service: FakeService, agent: AgentProcess, small_disk: Path, tmp_path: Path
) -> None:
    filler, go_on = small_disk / "filler", tmp_path / "go on"
    started(agent, small_disk, 0)
    first = service.offer(1, "sh", FILLS_THE_DISK.format(filler=filler, go_on=go_on))
    service.wait(filler.exists, "the disk to fill")
    service.wait(lambda: os.statvfs(small_disk).f_bavail == 0, "the disk to be full")
    second = service.offer(2, "sh", "echo second #" + "x" * 9000, parallel=True)
    service.wait(
        lambda: any(held.attempt == second and held.reason for held in service.holdings), "word of it"
    )
    go_on.touch()
    done = service.wait_for_done(first)
    assert (done.outcome, done.exit_code, done.stdout_total) == ("exited", 7, 3_000_007)
    assert service.output(first)[0].startswith(b"begun\n")
    assert done.stdout_size < done.stdout_total
    assert "could not be kept: No space left on device" in done.detail
    filler.unlink()
    assert service.wait_for_done(second).exit_code == 0
    assert service.output(second)[0] == b"second\n"
    assert [held.reason for held in service.holdings if held.attempt == second] == ["disk_low", ""]
    assert service.wait_for_done(service.offer(3, "sh", "echo third")).exit_code == 0
    agent.stop()
    agent.start()
    service.wait(lambda: agent.attempt_folders() == [], "the attempts' folders to go")
    assert len({permit.attempt for permit in service.permits}) == len(service.permits) == 3


def test_nothing_new_begins_while_the_disk_is_short(
    service: FakeService, agent: AgentProcess, small_disk: Path
) -> None:
    started(agent, small_disk, 4)
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * (5 << 20))
    attempt = service.offer(1, "sh", "echo hi")
    service.wait(lambda: service.holdings, "word of it")
    assert (service.holdings[0].attempt, service.holdings[0].reason) == (attempt, "disk_low")
    assert "work goes on by itself once it is 4 MB" in service.holdings[0].detail
    assert service.permits == []
    filler.unlink()
    assert service.wait_for_done(attempt).exit_code == 0
