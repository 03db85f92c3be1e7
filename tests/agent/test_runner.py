"""Runners for real, on every system."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from agent.attempt_folder import AttemptFolder
from agent.job import Job
from agent.runners import _Host
from tests.agent.jobs import made, output_of, over, pieces_of, python_job, run_job, runners, until

ROOT = Path(__file__).resolve().parents[2]
on_windows = pytest.mark.skipif(sys.platform != "win32", reason="cmd.exe is a program of Windows")
on_posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no sh")
BYTES = """
import sys
sys.stdout.buffer.write(bytes(range(256)) + b"no newline")
sys.stderr.buffer.write(b"e\\xff")
sys.exit(7)
"""


def test_output_exit_code_and_hashes_are_exact(tmp_path: Path) -> None:
    folder = made(tmp_path / "a")
    record = run_job(folder, python_job(folder, BYTES))
    stdout, stderr = output_of(folder)
    assert (stdout, stderr) == (bytes(range(256)) + b"no newline", b"e\xff")
    assert (record["outcome"], record["exit_code"], record["detail"]) == ("exited", 7, "")
    assert record["kept"] == record["total"] == [266, 2]
    assert record["sha256"] == [hashlib.sha256(stdout).hexdigest(), hashlib.sha256(stderr).hexdigest()]
    assert record["started_at"] <= record["ended_at"]


def test_the_streams_keep_their_order_and_their_times(tmp_path: Path) -> None:
    folder = made(tmp_path / "a")
    script = """
import sys, time
for number in range(3):
    print(number, end="", flush=True); time.sleep(0.1)
    print("!", end="", file=sys.stderr, flush=True); time.sleep(0.1)
"""
    run_job(folder, python_job(folder, script))
    pieces = pieces_of(folder)
    assert [(stream, offset, data) for _, stream, offset, data in pieces] == [
        (0, 0, b"0"),
        (1, 0, b"!"),
        (0, 1, b"1"),
        (1, 1, b"!"),
        (0, 2, b"2"),
        (1, 2, b"!"),
    ]
    times = [elapsed for elapsed, *_ in pieces]
    assert times == sorted(times)
    assert times[-1] - times[0] >= 400


def test_arguments_are_a_vector_and_never_a_text(tmp_path: Path) -> None:
    folder = made(tmp_path / "a")
    arguments = ["", " ", 'a "b" c', "$HOME; rm -rf x", "%PATH%", "ü€😀", "back\\slash\\", "*", "-n", "a\nb"]
    script = "import json, sys; sys.stdout.buffer.write(json.dumps(sys.argv[1:]).encode())"
    run_job(folder, python_job(folder, script, *arguments))
    assert json.loads(output_of(folder)[0]) == arguments


def test_the_script_has_no_input_its_variables_and_a_private_folder(tmp_path: Path) -> None:
    folder = made(tmp_path / "a")
    script = """
import os, sys
print(repr(sys.stdin.read()), os.environ["DF_NAME"], os.path.realpath(os.getcwd()))
open("left behind", "w").write("x")
"""
    record = run_job(folder, python_job(folder, script, environment={"DF_NAME": "größe"}))
    work = os.path.realpath(folder / "work")
    encoding = "utf-8" if sys.platform != "win32" else "mbcs"
    assert output_of(folder)[0].decode(encoding).split() == ["''", "größe", work], record
    assert not (folder / "work").exists()


@on_posix
def test_files_of_the_script_are_for_its_user_only(tmp_path: Path) -> None:
    folder = made(tmp_path / "a")
    script = "import os; print(oct(os.stat('.').st_mode), oct(os.stat('script.py').st_mode))"
    run_job(folder, python_job(folder, script))
    assert output_of(folder)[0].split() == [b"0o40700", b"0o100600"]


def test_a_program_that_is_not_there_is_rejected_with_a_sentence(tmp_path: Path) -> None:
    folder = made(tmp_path / "a")
    record = run_job(folder, Job([str(tmp_path / "nothing")], 60, files={"secret": b"x"}))
    assert record["outcome"] == "rejected"
    assert "nothing could not be started" in record["detail"]
    assert not (folder / "work").exists()


def test_of_more_output_than_is_kept_the_ends_stay_and_all_is_counted(tmp_path: Path) -> None:
    folder = made(tmp_path / "a")
    script = "import sys\nfor n in range(10_000): sys.stdout.buffer.write(b'%99d\\n' % n)"
    record = run_job(folder, python_job(folder, script, keep_bytes=25_000))
    assert (record["outcome"], record["total"]) == ("exited", [1_000_000, 0])
    stdout = output_of(folder)[0]
    whole = b"".join(b"%99d\n" % n for n in range(10_000))
    gap = record["gap"][0]
    assert gap == 25_000
    assert stdout[:gap] == whole[:gap]
    tail = stdout[gap:]
    assert 22_500 <= len(tail) <= 25_000
    assert whole.endswith(tail)
    assert record["kept"] == [len(stdout), 0]
    assert record["sha256"][0] == hashlib.sha256(stdout).hexdigest()


def test_a_script_that_prints_nothing_for_too_long_is_stopped(tmp_path: Path) -> None:
    folder = made(tmp_path / "a")
    script = "import time\nfor n in range(4): print(n, flush=True); time.sleep(0.5)\ntime.sleep(600)"
    record = run_job(folder, python_job(folder, script, idle_timeout_s=1.5, grace_s=0.2))
    assert (record["outcome"], record["exit_code"]) == ("idle", None)
    assert record["detail"] == "Stopped because it printed nothing for 1.5 s."
    assert output_of(folder)[0].split() == [b"0", b"1", b"2", b"3"]
    assert 3000 <= record["duration_ms"] < 20_000


def test_a_script_starts_in_its_working_folder(tmp_path: Path) -> None:
    folder = made(tmp_path / "a")
    elsewhere = made(tmp_path / "else where")
    script = "import os; open('left', 'w').write('x'); print(os.path.exists(__file__))"
    job = python_job(folder, script)
    job.folder = str(elsewhere)
    record = run_job(folder, job)
    assert (record["exit_code"], output_of(folder)[0].split()) == (0, [b"True"])
    assert [path.name for path in elsewhere.iterdir()] == ["left"]
    assert not (folder / "work").exists()


def test_secrets_are_masked_in_what_is_kept(tmp_path: Path) -> None:
    folder = made(tmp_path / "a")
    script = """
import json, os, sys
values = json.load(open(os.environ["DEPLOYFLOW_PARAMETERS"], encoding="utf-8"))
out, err = sys.stdout.buffer, sys.stderr.buffer
out.write(b"<" + values["password"].encode()[:5]); out.flush()
out.write(values["password"].encode()[5:] + b"> " + values["pin"].encode() + b" hun"); out.flush()
err.write(values["password"].encode("utf-16-le"))
sys.exit(any(values["password"] in value for value in os.environ.values()))
"""
    values = json.dumps({"password": "hunter2 größe", "pin": "123"}).encode()
    place = AttemptFolder(str(folder))
    job = python_job(
        folder,
        script,
        secrets=["password", "pin"],
        environment={"DEPLOYFLOW_PARAMETERS": place.work_file("parameters.json")},
    )
    job.files["parameters.json"] = values
    record = run_job(folder, job)
    assert record["exit_code"] == 0
    assert output_of(folder) == (b"<***> 123 hun", "***".encode("utf-16-le"))
    assert record["detail"] == "Not masked in the output, because shorter than 4 characters: pin."
    assert record["kept"] == record["total"]
    assert [path for path in folder.rglob("*") if path.is_file() and b"hunter2" in path.read_bytes()] == []


def test_a_lot_of_output_arrives_whole(tmp_path: Path) -> None:
    folder = made(tmp_path / "a")
    script = "import sys\nfor n in range(3000): sys.stdout.buffer.write(b'%999d\\n' % n)"
    record = run_job(folder, python_job(folder, script))
    stdout = output_of(folder)[0]
    assert stdout == b"".join(b"%999d\n" % n for n in range(3000))
    assert record["sha256"][0] == hashlib.sha256(stdout).hexdigest()


def test_a_script_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    folder = made(tmp_path / "a")
    script = "import time; print('begun', flush=True); time.sleep(600)"
    record = run_job(folder, python_job(folder, script, timeout_s=1.5, grace_s=0.2))
    assert (record["outcome"], record["exit_code"]) == ("timed_out", None)
    assert record["detail"] == "Stopped after its time of 1.5 s."
    assert output_of(folder)[0].split() == [b"begun"]
    assert 1500 <= record["duration_ms"] < 15_000


def test_cancel_stops_it_and_keeps_what_it_wrote(tmp_path: Path) -> None:
    folder = made(tmp_path / "a")
    place = AttemptFolder(str(folder))

    async def run() -> None:
        said = asyncio.Event()
        async with runners(tmp_path) as found:
            job = python_job(folder, "import time; print('begun', flush=True); time.sleep(600)", grace_s=0.2)
            runner = found.prepare("a", job, said.set)
            runner.go()
            await said.wait()
            place.ask_to_cancel()
            await over(runner)

    asyncio.run(run())
    record = place.exit_record()
    assert record is not None
    assert (record["outcome"], record["exit_code"]) == ("cancelled", None)
    assert output_of(folder)[0].split() == [b"begun"]


def test_cancelled_before_the_runner_came_to_it(tmp_path: Path) -> None:
    folder = made(tmp_path / "a")
    AttemptFolder(str(folder)).ask_to_cancel()
    record = run_job(folder, python_job(folder, f"open({str(tmp_path / 'effect')!r}, 'w')"))
    assert record["outcome"] == "not_started"
    assert not (tmp_path / "effect").exists()


def effect_of(folder: Path) -> str:
    return f"open({str(folder / 'effect')!r}, 'w')"


def test_who_finds_the_gate_taken_executes_nothing(tmp_path: Path) -> None:
    folder = made(tmp_path / "a")
    place = AttemptFolder(str(folder))

    async def run() -> None:
        async with runners(tmp_path) as found:
            runner = found.prepare("a", python_job(folder, effect_of(tmp_path)), lambda: None)
            assert place.take_gate("agent")
            assert not place.take_gate("agent")
            runner.go()
            await over(runner)

    asyncio.run(run())
    assert place.exit_record() is None
    assert not (tmp_path / "effect").exists()
    assert not (folder / "work").exists()


def test_without_a_word_nothing_is_executed(tmp_path: Path) -> None:
    folder = made(tmp_path / "a")
    place = AttemptFolder(str(folder))

    async def run() -> None:
        async with runners(tmp_path) as found:
            runner = found.prepare("a", python_job(folder, effect_of(tmp_path)), lambda: None)
            await until((folder / "spool").exists)
            runner.drop()
            await over(runner)

    asyncio.run(run())
    assert place.gate_holder() is None
    assert not (tmp_path / "effect").exists()
    assert not (folder / "work").exists()


def test_a_prepared_runner_goes_with_its_agent(tmp_path: Path) -> None:
    folder = made(tmp_path / "a")
    program = f"""
import asyncio, os
from tests.agent.jobs import *
async def run():
    async with runners(pathlib.Path({str(tmp_path)!r})) as found:
        folder = pathlib.Path({str(folder)!r})
        found.prepare("a", python_job(folder, {effect_of(tmp_path)!r}), lambda: None)
        await until((folder / "spool").exists)
        os._exit(9)
asyncio.run(run())
"""
    done = subprocess.run([sys.executable, "-c", "import pathlib\n" + program], cwd=ROOT, check=False)
    assert done.returncode == 9
    place = AttemptFolder(str(folder))
    assert place.take_gate("agent")
    asyncio.run(until(lambda: not python_processes_of(tmp_path)))
    assert not (tmp_path / "effect").exists()


def python_processes_of(attempts: Path) -> list[int]:
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if str(attempts) in (process.info["cmdline"] or ()):
            found.append(process.pid)
    return found


def test_an_attempt_whose_folder_is_gone_executes_nothing(tmp_path: Path) -> None:
    folder = made(tmp_path / "a")

    async def run() -> None:
        async with runners(tmp_path) as found:
            runner = found.prepare("a", python_job(folder, effect_of(tmp_path)), lambda: None)
            await until((folder / "spool").exists)
            folder.rename(tmp_path / "gone")
            runner.go()
            await over(runner)

    asyncio.run(run())
    assert not (tmp_path / "effect").exists()
    assert (tmp_path / "runner.log").read_text() == ""


def test_one_job_after_the_other_finds_a_warm_host(tmp_path: Path) -> None:
    folders = [made(tmp_path / str(number)) for number in range(3)]

    async def run() -> None:
        async with runners(tmp_path) as found:
            for number, folder in enumerate(folders):
                runner = found.prepare(str(number), python_job(folder, f"print({number})"), lambda: None)
                runner.go()
                await over(runner)

    asyncio.run(run())
    assert [output_of(folder)[0].split() for folder in folders] == [[b"0"], [b"1"], [b"2"]]


def test_a_host_that_dies_unseen_costs_no_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made(tmp_path / "a")

    async def run() -> None:
        async with runners(tmp_path) as found:
            found.warm_up()
            assert found._host is not None
            found._host._process.kill()
            found._host._process.wait()
            # As in the moment between its death and the news of it.
            monkeypatch.setattr(_Host, "is_alive", lambda self: True)
            runner = found.prepare("a", python_job(folder, "print('whole')"), lambda: None)
            runner.go()
            await over(runner)

    asyncio.run(run())
    assert output_of(folder)[0].split() == [b"whole"]


def test_what_a_script_leaves_running_on_purpose_goes_on(tmp_path: Path) -> None:
    folder = made(tmp_path / "a")
    script = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
"""
    record = run_job(folder, python_job(folder, script))
    assert (record["outcome"], record["exit_code"]) == ("exited", 0)
    left = psutil.Process(int(output_of(folder)[0]))
    assert left.is_running()
    left.kill()


TREE = """
import os, subprocess, sys, time
marker, depth = sys.argv[1], int(sys.argv[2])
open(f"{marker}.{os.getpid()}", "w").close()
if hasattr(os, "setsid") and depth == 1 and os.fork():
    os._exit(0)
if hasattr(os, "setsid") and depth <= 2:
    try:
        os.setsid()
    except PermissionError:
        pass
open(f"{marker}.{os.getpid()}", "w").close()
if depth:
    for _ in range(2):
        subprocess.Popen([sys.executable, __file__, marker, str(depth - 1)])
time.sleep(600)
"""


def test_of_a_tree_of_processes_nothing_survives(tmp_path: Path) -> None:
    """Seven processes at least, in sessions of their own and orphaned by double forks."""
    folder = made(tmp_path / "a")
    place = AttemptFolder(str(folder))
    marker = tmp_path / "pid"

    def pids() -> list[int]:
        return [int(path.suffix[1:]) for path in tmp_path.glob("pid.*")]

    async def run() -> None:
        async with runners(tmp_path) as found:
            job = python_job(folder, TREE, str(marker), "2", grace_s=0.1)
            runner = found.prepare("a", job, lambda: None)
            runner.go()
            await until(lambda: len(pids()) >= 7)
            place.ask_to_cancel()
            await over(runner)

    asyncio.run(run())
    record = place.exit_record()
    assert record is not None
    assert record["outcome"] == "cancelled"
    assert [pid for pid in pids() if is_running(pid)] == []


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@on_posix
def test_processes_that_run_away_from_the_one_who_looks_are_caught(tmp_path: Path) -> None:
    """Each only starts its successor and ends, some hundred times a second."""
    folder = made(tmp_path / "a")
    stop = tmp_path / "stop"
    hop = f'[ -e "{stop}" ] && exit; echo $$ >> "{tmp_path / "hops"}"; sh -c "$0" "$0" &'
    files = {"s.sh": f"for n in 1 2 3; do sh -c '{hop}' '{hop}' & done; sleep 600".encode()}
    argv = ["/bin/sh", AttemptFolder(str(folder)).work_file("s.sh")]
    try:
        record = run_job(folder, Job(argv, 1.0, files=files, grace_s=0.1))
    finally:
        stop.touch()
    assert record["outcome"] == "timed_out"
    hops = (tmp_path / "hops").read_text()
    assert hops.count("\n") > 50
    assert [pid for pid in hops.split() if is_running(int(pid))] == []
    assert (tmp_path / "hops").read_text() == hops


@on_posix
def test_a_script_that_ends_politely_has_its_grace(tmp_path: Path) -> None:
    folder = made(tmp_path / "a")
    script = """
import signal, sys, time
def end(*_):
    print("tidied up", flush=True); sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("begun", flush=True)
time.sleep(600)
"""
    record = run_job(folder, python_job(folder, script, timeout_s=1.0, grace_s=20))
    assert record["outcome"] == "timed_out"
    assert output_of(folder)[0].split(b"\n")[:2] == [b"begun", b"tidied up"]


@on_posix
def test_a_script_ended_by_a_signal_has_the_exit_code_shells_give(tmp_path: Path) -> None:
    folder = made(tmp_path / "a")
    record = run_job(folder, python_job(folder, "import os; os.kill(os.getpid(), 9)"))
    assert (record["outcome"], record["exit_code"]) == ("exited", 137)


@on_posix
def test_a_script_sees_ordinary_signals(tmp_path: Path) -> None:
    """Python ignores SIGPIPE; `yes | head` would never end if that were handed down."""
    folder = made(tmp_path / "a")
    files = {"s.sh": b"yes | head -n 1; echo ${PIPESTATUS[0]}"}
    job = Job(["/bin/bash", AttemptFolder(str(folder)).work_file("s.sh")], 20, files=files)
    record = run_job(folder, job)
    assert (record["outcome"], output_of(folder)[0]) == ("exited", b"y\n141\n")


@on_windows
def test_cmd_runs_a_script(tmp_path: Path) -> None:
    folder = made(tmp_path / "a b & c")
    files = {"script.cmd": b'@echo off\r\necho "%DF_NAME%"\r\necho oops 1>&2\r\nexit /b 5\r\n'}
    argv = [os.environ["COMSPEC"], "/d", "/c", ".\\script.cmd"]
    record = run_job(folder, Job(argv, 60, files=files, environment={"DF_NAME": "you & me"}))
    stdout, stderr = output_of(folder)
    assert (record["outcome"], record["exit_code"]) == ("exited", 5)
    assert (stdout.strip(), stderr.strip()) == (b'"you & me"', b"oops")
