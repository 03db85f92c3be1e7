"""What is loaded before the window is seen. It grows with the frame, and not with what the areas can do."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from backend_lite.contract.fleet import Admission
from console.shell.status_bar import APPROVED
from tests.architecture.sources import ROOT

OURS = ("console", "backend_lite", "agent")
FIRST_FRAME = """
import asyncio, json, os, sys
from pathlib import Path
from console.core.local_service import LocalService
from console.service_process import ServiceProcess
service = ServiceProcess(LocalService(Path(sys.argv[1])))
from console import window_process

async def main():
    app = window_process.make_app(service)
    app.show()
    app.window.grab()
    print(json.dumps(sorted(sys.modules)), flush=True)
    os._exit(0)

window_process.run_loop(main)
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder: Path = tmp_path_factory.mktemp("first-frame")
    done = subprocess.run(
        [sys.executable, "-c", FIRST_FRAME, str(folder)],
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout)
    return found


def test_no_area_is_loaded(loaded: list[str]) -> None:
    assert "console.shell.main_window" in loaded
    assert [name for name in loaded if name.startswith("console.features.")] == []


def test_no_message_of_the_agents_is_made_known(loaded: list[str]) -> None:
    """To make their classes takes longer than to make the window."""
    assert "agent.wire.messages" not in loaded
    assert APPROVED == Admission.APPROVED


def test_of_others_only_qt_and_the_reader_of_messages_are_loaded(loaded: list[str]) -> None:
    tops = {name.partition(".")[0] for name in loaded if not name.startswith("_")}
    theirs = tops - set(sys.stdlib_module_names) - set(OURS)
    assert theirs <= {
        *("PySide6", "shiboken6", "shibokensupport", "signature_bootstrap", "qasync"),
        *("msgspec", "typing_extensions", "sitecustomize", "zipimport"),
    }


def test_of_ours_little_is_loaded(loaded: list[str]) -> None:
    """A new module is welcome when the frame shows it. What is needed later is to be imported then."""
    ours = [name for name in loaded if name.partition(".")[0] in OURS]
    assert len(ours) <= 100, ours
