"""The agent on Windows: its parts load there, and its own tests pass there."""

import json
from pathlib import Path

from tests.helpers.windows_python import ROOT, WindowsPython

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
    settings = tmp_path / "pytest.ini"
    settings.write_text(SETTINGS)
    done = windows_python.run(
        *("-m", "pytest", "tests/agent", "-q", "-p", "no:cacheprovider"),
        *("-c", windows_python.path(settings), "--rootdir", windows_python.path(ROOT)),
        *("--ignore", "tests/agent/test_windows_python.py"),
        *("--basetemp", windows_python.path(tmp_path / "windows")),
        timeout=600,
    )
    assert done.returncode == 0, done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace")
