"""The control group of a script, on a Linux that lets this test make groups."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("control groups are a part of Linux", allow_module_level=True)

from agent.attempt_folder import AttemptFolder
from agent.platform import linux_cgroups
from tests.agent.jobs import made

ROOT = Path(__file__).resolve().parents[2]
WORKS = """
import asyncio, os, pathlib, sys
pathlib.Path(sys.argv[1], "cgroup.procs").write_text("0")
from agent.attempt_folder import AttemptFolder
from tests.agent.jobs import *
async def run(attempts):
    async with runners(attempts) as found:
        found.warm_up()
        await until(lambda: list(pathlib.Path(sys.argv[1]).glob("script-*")))
        runner = []
        for name in sys.argv[3:]:
            folder = made(attempts / name)
            script = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
            runner.append(found.prepare(name, python_job(folder, script, grace_s=0.1), lambda: None))
        for one in runner:
            one.go()
        spools = [attempts / name / "spool" for name in sys.argv[3:]]
        await until(lambda: all(spool.exists() and spool.stat().st_size for spool in spools))
        input()
        AttemptFolder(str(attempts / sys.argv[3])).ask_to_cancel()
        await over(runner[0])
        print("over", flush=True)
        input()
asyncio.run(run(pathlib.Path(sys.argv[2])))
"""


@pytest.fixture
def group() -> Iterator[Path]:
    """A group that was delegated, as systemd does it for a unit with Delegate=yes."""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    found = [Path(words[1]) for words in mounts if words[2] == "cgroup2"]
    if not found:
        pytest.skip("this machine has no control groups of version 2")
    path = found[0] / f"deployflow-test-{os.getpid()}"
    try:
        path.mkdir()
        os.setxattr(path, "trusted.delegate", b"1")
    except OSError as error:
        pytest.skip(f"no group can be made here: {error.strerror}")
    if not (path / "cgroup.kill").exists():
        pytest.skip("this kernel cannot end a group")
    yield path
    (path / "cgroup.kill").write_text("1")
    until_true(lambda: "populated 0" in (path / "cgroup.events").read_text())
    for inner in sorted((one for one in path.rglob("*") if one.is_dir()), reverse=True):
        inner.rmdir()
    path.rmdir()


def started(group: Path, attempts: Path, *names: str) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    arguments = [str(group), str(attempts), *names]
    return subprocess.Popen([sys.executable, "-c", WORKS, *arguments], cwd=ROOT, stdin=pipe, stdout=pipe)


def go_on(program: subprocess.Popen[bytes]) -> None:
    assert program.stdin is not None
    program.stdin.write(b"\n")
    program.stdin.flush()


def outcome(attempts: Path, name: str) -> str | None:
    record = AttemptFolder(str(attempts / name)).exit_record()
    return record["outcome"] if record else None


def test_the_kernel_ends_everything_in_the_group_of_a_script(group: Path, tmp_path: Path) -> None:
    attempts = made(tmp_path / "attempts")
    with started(group, attempts, "one") as program:
        # A process that is in the group but no descendant of the runner, so that only the kernel finds it.
        with subprocess.Popen(["sleep", "600"]) as stranger:
            assert program.stdout is not None
            wait_for_output(attempts, "one")
            # The host moves on when it has nothing to do; then the group is the script's alone.
            [own] = wait_for_groups(group, 2)[:1]
            (own / "cgroup.procs").write_text(str(stranger.pid))
            go_on(program)
            assert program.stdout.readline() == b"over\n"
            assert stranger.wait(20) == -9
        assert outcome(attempts, "one") == "cancelled"
        go_on(program)


def test_a_group_that_others_share_is_not_ended(group: Path, tmp_path: Path) -> None:
    attempts = made(tmp_path / "attempts")
    with started(group, attempts, "one", "two") as program:
        assert program.stdout is not None
        wait_for_output(attempts, "two")
        go_on(program)
        assert program.stdout.readline() == b"over\n"
        assert outcome(attempts, "one") == "cancelled"
        assert outcome(attempts, "two") is None
        AttemptFolder(str(attempts / "two")).ask_to_cancel()
        go_on(program)
    until_true(lambda: outcome(attempts, "two") == "cancelled")


def wait_for_output(attempts: Path, name: str) -> None:
    until_true(lambda: (attempts / name / "spool").exists() and (attempts / name / "spool").stat().st_size)


def wait_for_groups(group: Path, number: int) -> list[Path]:
    until_true(lambda: len(list(group.glob("script-*"))) >= number)
    return sorted(group.glob("script-*"))


def until_true(condition: object) -> None:
    import asyncio

    from tests.agent.jobs import until

    assert callable(condition)
    asyncio.run(until(condition))


def test_without_a_delegated_group_there_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for group in ("", str(tmp_path)):
        monkeypatch.setattr(linux_cgroups, "_own_group", lambda group=group: group)
        assert linux_cgroups.delegated_groups() is None
