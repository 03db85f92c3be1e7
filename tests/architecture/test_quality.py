"""The tools that read the code have nothing to say."""

import subprocess
import sys

import pytest

from tests.architecture.sources import ROOT


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.mark.parametrize("command", [["ruff", "check", "--quiet"], ["ruff", "format", "--check", "--quiet"]])
def test_ruff(command: list[str]) -> None:
    done = run(*command)
    assert done.returncode == 0, done.stdout + done.stderr


def test_types() -> None:
    done = run("mypy")
    assert done.returncode == 0, done.stdout + done.stderr


def test_types_of_what_runs_on_windows() -> None:
    done = run("mypy", "--platform", "win32", "--cache-dir", ".mypy_cache/win32", "agent", "build_spec")
    assert done.returncode == 0, done.stdout + done.stderr
