"""`python -m console --demo` without a display, as somebody who has just got the project starts it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.helpers.processes import ROOT, words_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a display")

PAGES = (
    "devices",
    "device",
    "device-software",
    "admission",
    "expected-devices",
    "enrollment-tokens",
    "groups",
    "group",
    "add-device",
    "scripts",
    "script",
    "software",
    "software-item",
    "installed-software",
    "installed-on",
    "os-images",
    "os-image",
    "profiles",
    "profile",
    "profile-devices",
    "templates",
    "runs",
    "run",
    "rollout",
    "search",
    "run-dialog",
    "first-run",
    "sign-in",
    "approvals",
    "rollout-held",
    "run-dialog-approval",
)
LEFT_OUT = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")


def demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "console", "--demo", *arguments],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name not in LEFT_OUT},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def test_it_shows_the_whole_way_and_can_be_started_again(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    done = demo("--data-dir", str(folder))
    assert done.returncode == 0, done.stderr
    assert "This PC is enrolled as device 1" in done.stdout
    assert "| Done." in done.stdout
    assert "succeeded: exit code 0" in done.stdout
    pictures = {file.name for file in (folder / "screenshots").iterdir()}
    assert {f"{page}-{look}.png" for page in PAGES for look in ("light", "dark")} <= pictures
    assert not (folder / "run" / "service.json").exists()

    again = demo("--data-dir", str(folder), "--screenshots", str(tmp_path / "pictures"))
    assert again.returncode == 0, again.stderr
    assert "Device 1 is back" in again.stdout
    assert "0 of them new" in again.stdout
    assert (tmp_path / "pictures" / "devices-dark.png").stat().st_size > 10_000


def test_what_stands_in_the_way_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = demo("--data-dir", str(tmp_path / "file"))
    assert done.returncode == 1
    assert str(tmp_path / "file") in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_is_left_running(tmp_path: Path) -> None:
    (tmp_path / "pictures").write_text("no folder")
    done = demo("--data-dir", str(tmp_path / "demo"), "--screenshots", str(tmp_path / "pictures"))
    assert done.returncode == 1
    assert "pictures" in done.stderr
    running = [words_of(process) for process in psutil.process_iter()]
    assert [words for words in running if any(str(tmp_path) in word for word in words)] == []
