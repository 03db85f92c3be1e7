"""The set-up that everybody meets first: build_spec/dev.py, without pip and without a network."""

import sys
import sysconfig
from pathlib import Path
from typing import IO, Any

import pytest

from build_spec import dev


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder of its own, on a system that lacks nothing."""
    if sys.platform == "win32":
        pytest.skip("the stand-in for an interpreter is a shell script")
    requirements = tmp_path / "build_spec" / "requirements"
    requirements.mkdir(parents=True)
    for lock in (dev.RUN, dev.TEST):
        (requirements / lock).write_text(f"{lock.partition('.')[0]}==1\n")
    folder = tmp_path / ".venv"
    for name, value in {
        "ROOT": tmp_path,
        "REQUIREMENTS": requirements,
        "VENV": folder,
        "PYTHON": folder / "python",
        "STAMP": folder / "deployflow.json",
        "mend_system": lambda comforts: None,
        "missing_comforts": lambda lock: [],
        "write_path_file": lambda: None,
    }.items():
        monkeypatch.setattr(dev, name, value)
    return tmp_path


@pytest.fixture
def steps(project: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the set-up ran: "venv", or the name of the list that pip installed."""
    done: list[str] = []

    def run(command: list[str], guard: IO[str], complaint: str) -> None:
        done.append("venv" if "venv" in command else Path(command[-1]).name)
        if not dev.PYTHON.exists():
            make_interpreter()

    monkeypatch.setattr(dev, "run", run)
    return done


def make_interpreter() -> None:
    """One that answers only which version it is."""
    dev.PYTHON.write_text(f"#!/bin/sh\necho {sysconfig.get_python_version()}\n")
    dev.PYTHON.chmod(0o700)


def test_a_new_folder_gets_everything(steps: list[str]) -> None:
    dev.set_up(dev.TEST)
    assert steps == ["venv", "test.txt"]


def test_nothing_is_done_twice(steps: list[str]) -> None:
    dev.set_up(dev.TEST)
    dev.set_up(dev.TEST)
    assert steps == ["venv", "test.txt"]


def test_what_serves_the_tests_serves_the_program(steps: list[str]) -> None:
    dev.set_up(dev.TEST)
    dev.set_up(dev.RUN)
    assert steps == ["venv", "test.txt"]


def test_the_tests_add_their_extras(steps: list[str]) -> None:
    dev.set_up(dev.RUN)
    dev.set_up(dev.TEST)
    assert steps == ["venv", "run.txt", "test.txt"]


def test_changed_pins_are_installed(project: Path, steps: list[str]) -> None:
    dev.set_up(dev.TEST)
    (dev.REQUIREMENTS / dev.TEST).write_text("test==2\n")
    dev.set_up(dev.TEST)
    assert steps == ["venv", "test.txt", "test.txt"]


def test_a_killed_set_up_begins_anew(
    project: Path, steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(dev, "run", killed)
        with pytest.raises(KeyboardInterrupt):
            dev.set_up(dev.TEST)
    (dev.VENV / "half").mkdir()
    dev.set_up(dev.TEST)
    assert steps == ["venv", "test.txt"]
    assert not (dev.VENV / "half").exists()


def test_a_moved_project_gets_a_new_environment(steps: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    dev.set_up(dev.TEST)
    monkeypatch.setattr(dev, "identity", lambda: ["3.11", "linux", "elsewhere"])
    dev.set_up(dev.TEST)
    assert steps == ["venv", "test.txt", "venv", "test.txt"]


def test_an_environment_made_by_hand_is_kept(
    project: Path, steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    dev.VENV.mkdir()
    make_interpreter()
    (dev.VENV / "kept").touch()
    dev.set_up(dev.TEST)
    assert steps == ["test.txt"]
    assert (dev.VENV / "kept").exists()


def test_two_set_ups_take_turns(project: Path) -> None:
    with (project / ".venv.lock").open("w") as other:
        with dev.one_at_a_time():
            assert not dev.try_lock(other)
        assert dev.try_lock(other)


@pytest.mark.parametrize("arguments", [[], ["frobnicate"], ["setup", "more"]])
def test_a_wrong_command_shows_the_right_ones(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert dev.main(arguments) == 2
    assert "dev.py run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "spread"),
    [
        ([], True),
        (["-q"], True),
        (["-q", "-n", "4"], False),
        (["-n0"], False),
        (["tests/agent"], False),
        (["-k", "journal"], False),
    ],
)
def test_all_tests_are_spread_and_a_selection_is_not(arguments: list[str], spread: bool) -> None:
    assert bool(dev.spread(arguments)) is spread


def test_tests_run_without_what_the_caller_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    monkeypatch.setenv("QT_SCALE_FACTOR", "2")
    monkeypatch.setenv("HOME", "home")
    environment = dev.test_environment()
    assert {"PYTHONPATH", "QT_SCALE_FACTOR"}.isdisjoint(environment)
    assert (environment["HOME"], environment["QT_QPA_PLATFORM"]) == ("home", "offscreen")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux comes without what a window needs")
def test_a_bare_linux_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dev, "loads", lambda library: library != "libEGL.so.1")
    monkeypatch.setattr("shutil.which", lambda program: None)
    with pytest.raises(SystemExit, match="cannot start"):
        dev.mend_system(["fonts-inter"])
    told = capsys.readouterr().err
    assert "libEGL.so.1" in told
    assert "sudo apt-get install -y --no-install-recommends libegl1 fonts-inter" in told
