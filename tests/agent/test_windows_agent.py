"""The agent on Windows, under Wine: its parts load there, its own tests pass there, and it works with a
service on this machine. All in one file, because there is one Windows: two processes of tests would meet
each other's services."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.wire.codec import to_plain
from agent.wire.messages import Download
from agent.wire.software import SoftwareDetection, SoftwareJob

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.agent.agent_process import AgentProcess
    from tests.agent.fake_service import FakeService
    from tests.helpers.windows_python import WindowsPython

pytestmark = [
    pytest.mark.sockets,
    pytest.mark.skipif(sys.platform == "win32", reason="the service's side of it is not Windows"),
]
SETTINGS = """
[pytest]
addopts = -ra --strict-markers
filterwarnings = error
markers = sockets: may open sockets on the loopback interface
"""
FACTS = """
import json, subprocess, sys
import agent.wire.codec, nacl.signing, psutil, websockets, win32service
child = subprocess.run([sys.executable, "-c", "import sys; sys.exit(7)"])
print(json.dumps([sys.platform, sys.getwindowsversion().major, psutil.WINDOWS, child.returncode]))
"""

SAYS_IT_STOPPED = """
import sys, time, pathlib, psutil, win32service
from agent.platform.base import service_name
from agent.platform.windows_service import USUAL_DATA_FOLDER
manager = win32service.OpenSCManager(None, None, win32service.SC_MANAGER_CONNECT)
name = service_name(pathlib.Path(sys.argv[1]), USUAL_DATA_FOLDER)
service = win32service.OpenService(manager, name, win32service.SERVICE_ALL_ACCESS)
process, patience = win32service.QueryServiceStatusEx(service)["ProcessId"], time.monotonic() + 60
while process and psutil.pid_exists(process):
    assert time.monotonic() < patience, "it does not end"
    time.sleep(0.05)
print(win32service.QueryServiceStatus(service)[1] == win32service.SERVICE_STOPPED)
win32service.DeleteService(service)
"""


@pytest.fixture
def device(service: FakeService, tmp_path: Path, windows_python: WindowsPython) -> Iterator[AgentProcess]:
    from tests.agent.agent_process import AgentProcess

    windows_python.keep_warm()
    agent = AgentProcess(service, tmp_path / "windows", windows_python)
    agent.start()
    yield agent
    agent.kill()


def test_it_enrols_and_tells_what_it_is(service: FakeService, device: AgentProcess) -> None:
    facts = service.facts[0].facts
    assert facts.os_type == "windows"
    assert facts.os_name.startswith("Microsoft Windows")
    assert {"cmd", "python"} <= set(facts.languages)
    assert service.heartbeats[0].metrics.memory_total == facts.memory_total


def test_scripts_of_cmd_and_python_run_with_their_parameters(
    service: FakeService, device: AgentProcess
) -> None:
    parameters: dict[str, str | int | float | bool] = {"name": "two words", "count": 3}
    cmd = service.offer(1, "cmd", '@echo off\necho "%DF_NAME%" %DF_COUNT%\nexit /b 4', parameters=parameters)
    done = service.wait_for_done(cmd)
    assert (done.outcome, done.exit_code, done.detail) == ("exited", 4, "")
    assert service.output(cmd)[0].strip() == b'"two words" 3'
    python = service.offer(
        2,
        "python",
        "import json, os, sys\nprint(sys.argv[1:], json.load(open(os.environ['DEPLOYFLOW_PARAMETERS'])))",
        arguments=('a "b"', "ü\\"),
        parameters=parameters,
    )
    assert service.wait_for_done(python).exit_code == 0
    assert service.output(python)[0].decode().strip() == (
        "['a \"b\"', 'ü\\\\'] {'name': 'two words', 'count': 3}"
    )


def test_what_windows_does_not_have_is_rejected(service: FakeService, device: AgentProcess) -> None:
    done = service.wait_for_done(service.offer(1, "bash", "true"))
    assert (done.outcome, done.detail) == ("rejected", "bash is not installed on this device.")


def test_a_script_outlives_its_agent_and_its_result_arrives(
    service: FakeService, device: AgentProcess, tmp_path: Path, windows_python: WindowsPython
) -> None:
    go_on, effects = tmp_path / "go on", tmp_path / "effects"
    script = (
        "import os, time\n"
        f"open({windows_python.path(effects)!r}, 'a').write('done ')\n"
        "print('early', flush=True)\n"
        f"while not os.path.exists({windows_python.path(go_on)!r}): time.sleep(0.05)\n"
        "print('late')"
    )
    attempt = service.offer(1, "python", script)
    service.wait(lambda: b"early" in service.output(attempt)[0], "the first line")
    device.kill()
    device.start()
    go_on.touch()
    done = service.wait_for_done(attempt)
    assert (done.outcome, done.exit_code) == ("exited", 0)
    assert service.output(attempt)[0].split() == [b"early", b"late"]
    assert effects.read_text() == "done "
    assert len(service.permits) == 1


def test_software_comes_from_the_service_and_the_registry_says_that_it_is_there(
    service: FakeService, device: AgentProcess, tmp_path: Path
) -> None:
    service.files["/files/1"] = content = b"Windows Registry Editor"
    key = r"HKLM\SOFTWARE\DeployFlow Test"
    command = f'reg add "{key}" /v Version /d 2.5 /f >nul & type "%DEPLOYFLOW_FILE%"'
    job = SoftwareJob(
        "install",
        "Tool",
        "2.5",
        "custom",
        source_type="upload",
        file_name="größe.reg",
        command=command,
        detection=SoftwareDetection("registry", f"{key}@Version", "2.4"),
    )
    sha256 = hashlib.sha256(content).hexdigest()
    removal = replace(job, action="uninstall", command=f'reg delete "{key}" /f')
    said = []
    for step, wanted in enumerate((removal, job, job, removal), 1):
        attempt = service.offer(
            step,
            f"{wanted.action}_software",
            json.dumps(to_plain(wanted)),
            downloads=(Download("/files/1?signature=s", sha256, len(content), "größe.reg"),),
        )
        assert service.wait_for_done(attempt).exit_code == 0, service.output(attempt)
        said.append(service.output(attempt)[0].decode(errors="replace").splitlines())
    assert said[1][-1] == "Verify: Tool 2.5 is installed."
    assert any(content.decode() in line for line in said[1]), said
    assert said[2] == ["Detect: Tool 2.5 is installed; nothing to do."]
    assert said[3][-1] == "Verify: Tool is not installed."


def test_it_removes_itself(service: FakeService, device: AgentProcess) -> None:
    attempt = service.offer(1, "agent_uninstall", "")
    assert service.wait_for_done(attempt).exit_code == 0
    assert device.wait() == 0
    assert not device.folder.exists()


def test_it_is_installed_as_a_service_and_removed_again(
    service: FakeService, device: AgentProcess, windows_python: WindowsPython
) -> None:
    device.kill()
    folder = ("--data-dir", windows_python.path(device.folder))
    # Now: later its agent makes and removes files while they are copied.
    other = Path(shutil.copytree(device.folder, device.folder.with_name("other-agent")))
    for _ in range(2):
        service.hellos.clear()
        installed = windows_python.run("-m", "agent", "install-service", *folder)
        assert (installed.returncode, installed.stderr) == (0, b"")
        service.wait(lambda: service.hellos, "the service to connect")
    attempt = service.offer(1, "cmd", "echo from a service")
    assert service.wait_for_done(attempt).exit_code == 0
    _a_second_one_beside_it(other, windows_python)
    removed = windows_python.run("-m", "agent", "uninstall-service", *folder)
    assert (removed.returncode, removed.stderr) == (0, b"")
    assert b"is removed" in removed.stdout
    again = windows_python.run("-m", "agent", "uninstall-service", *folder)
    assert (again.returncode, b"is not installed" in again.stdout) == (0, True)


def test_a_service_that_fails_ends_without_saying_that_it_has_stopped(
    device: AgentProcess, windows_python: WindowsPython
) -> None:
    """Only then Windows starts it again."""
    device.kill()
    (device.folder / "journal" / "epoch").write_bytes(b"\xff")
    folder = ("--data-dir", windows_python.path(device.folder))
    installed = windows_python.run("-m", "agent", "install-service", *folder)
    assert installed.returncode == 0, installed.stderr.decode()
    ended = windows_python.run("-c", SAYS_IT_STOPPED, folder[1])
    assert ended.stdout.strip() == b"False", ended.stderr.decode()
    assert "UnicodeDecodeError" in (device.folder / "logs" / "agent.log").read_text("utf-8")


def _a_second_one_beside_it(other: Path, windows_python: WindowsPython) -> None:
    """Agents of two data folders are two services."""
    options = ("--data-dir", windows_python.path(other))
    for command in ("install-service", "uninstall-service"):
        done = windows_python.run("-m", "agent", command, *options)
        assert (done.returncode, done.stderr) == (0, b"")


def test_the_agents_packages_load_on_windows(windows_python: WindowsPython) -> None:
    done = windows_python.run("-c", FACTS)
    assert json.loads(done.stdout) == ["win32", 10, True, 7], done.stderr.decode()


def test_a_path_of_this_machine_is_reachable_from_windows(
    windows_python: WindowsPython, tmp_path: Path
) -> None:
    (tmp_path / "größe.txt").write_text("hello", "utf-8")
    reads = "import pathlib, sys; print(pathlib.Path(sys.argv[1]).read_text())"
    done = windows_python.run("-c", reads, windows_python.path(tmp_path / "größe.txt"))
    assert done.stdout == b"hello\r\n", done.stderr.decode()


def test_the_agents_own_tests_pass_on_windows(windows_python: WindowsPython, tmp_path: Path) -> None:
    from tests.helpers.windows_python import ROOT

    settings = tmp_path / "pytest.ini"
    settings.write_text(SETTINGS)
    chosen = ["tests/agent", "--ignore", "tests/agent/test_windows_agent.py"]
    for turn in ("first", "second"):
        done = windows_python.run(
            *("-m", "pytest", *chosen, "-q", "-p", "no:cacheprovider"),
            *("-c", windows_python.path(settings), "--rootdir", windows_python.path(ROOT)),
            *("--basetemp", windows_python.path(tmp_path / turn)),
            timeout=600,
        )
        if not (chosen := refused_by_wine(done.stdout.decode(errors="replace"))):
            break
    assert done.returncode == 0, done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace")


def test_only_what_wine_itself_refused_is_tried_again() -> None:
    heads = "___ test_a ___\r\nE   OSError: {a}\r\n___ test_b ___\r\nE   {b}\r\n"
    tail = "= short test summary =\r\nFAILED tests/agent/x.py::a - OSError\r\nFAILED tests/agent/x.py::b\r\n"
    refused = "[WinError 1359] Internal error"
    both = heads.format(a=refused, b=refused) + tail
    assert refused_by_wine(both) == ["tests/agent/x.py::a", "tests/agent/x.py::b"]
    assert refused_by_wine(heads.format(a=refused, b="assert 1 == 2") + tail) == []
    assert refused_by_wine("384 passed, 135 skipped") == []


def refused_by_wine(report: str) -> list[str]:
    """The tests of a report that failed, where Wine made no process for any of them: now and then it answers
    so of its own accord (an internal error), as Windows never does. None where one failed otherwise."""
    failed = re.findall(r"^FAILED (\S+)", report, re.MULTILINE)
    told = re.split(r"^_{3,} .+ _{3,}\r?$", report.partition("short test summary")[0], flags=re.MULTILINE)[1:]
    return failed if len(told) == len(failed) and all("[WinError 1359]" in one for one in told) else []
