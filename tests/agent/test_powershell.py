"""What PowerShell is given: its arguments, its files, their encodings. PowerShell itself does not run here.

A stand-in takes its place and records what a PowerShell would have got; the launcher is parsed with a grammar
of the language. What the launcher then does was read in PowerShell's documentation, not seen.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from pathlib import Path

import pytest

from agent.handlers import job_for
from agent.handlers.powershell_launcher import LAUNCHER
from agent.platform import this_platform
from agent.wire.messages import Offer
from tests.agent.jobs import made, output_of, run_job

SCRIPT = 'param([string]$Name, [int]$Count)\nWrite-Output "Grüße, $Name"\n'
PARAMETERS: dict[str, str | int | float | bool] = {
    "Name": 'O\'Neill "& calc" $(calc) `n 日本',
    "Count": 3,
    "Ratio": 0.5,
    "Force": True,
    "When": "2024-01-01T00:00:00Z",
    "Nothing": "",
}
ARGUMENTS = ("-Force", "a b", "", "$(calc)", "'; calc; '", "ü")

RECORD = f"""#!{sys.executable}
import json, os, pathlib, sys
work = pathlib.Path(sys.argv[-1]).parent
files = {{path.name: path.read_bytes().hex() for path in work.iterdir()}}
variables = {{name: value for name, value in os.environ.items() if name.startswith(("DF_", "DEPLOYFLOW_"))}}
sys.stdout.write(json.dumps([sys.argv[1:], files, variables]))
"""


def offer(**more: object) -> Offer:
    given: dict[str, object] = {"parameters": PARAMETERS, "arguments": ARGUMENTS, **more}
    return Offer("e1-1-1", "powershell", SCRIPT, 60.0, **given)  # type: ignore[arg-type]


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in the place of PowerShell."""
    if sys.platform == "win32":
        pytest.skip("the stand-in is a script with a first line that names its interpreter")
    program = made(tmp_path / "bin") / "pwsh"
    program.write_text(RECORD)
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    return program


@pytest.fixture(autouse=True)
def has_powershell(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Where there is none, one is found all the same; nothing of these tests starts it."""
    if "stand_in" in request.fixturenames or this_platform().interpreter("powershell"):
        return
    monkeypatch.setattr(type(this_platform()), "interpreter", lambda platform, language: "/usr/bin/pwsh")


def test_what_powershell_gets(stand_in: Path, tmp_path: Path) -> None:
    folder = made(tmp_path / "a")
    record = run_job(folder, job_for(offer(), str(folder), {}, None))
    assert record["exit_code"] == 0, output_of(folder)
    argv, files, variables = json.loads(output_of(folder)[0])
    assert argv == ["-NoProfile", "-NonInteractive", "-File", str(folder / "work" / "launch.ps1")]
    assert bytes.fromhex(files["script.ps1"]) == b"\xef\xbb\xbf" + SCRIPT.encode()
    assert bytes.fromhex(files["launch.ps1"]) == b"\xef\xbb\xbf" + LAUNCHER.encode()
    assert json.loads(bytes.fromhex(files["parameters.json"])) == PARAMETERS
    assert set(files) == {"script.ps1", "launch.ps1", "launch.txt", "parameters.json"}
    assert variables == {
        "DEPLOYFLOW_PARAMETERS": str(folder / "work" / "parameters.json"),
        "DF_NAME": PARAMETERS["Name"],
        "DF_COUNT": "3",
        "DF_RATIO": "0.5",
        "DF_FORCE": "true",
        "DF_WHEN": "2024-01-01T00:00:00Z",
        "DF_NOTHING": "",
    }
    assert not (folder / "work").exists()


def test_the_launchers_list_says_names_types_and_values_exactly(tmp_path: Path) -> None:
    lines = job_for(offer(), str(tmp_path), {}, None).files["launch.txt"].decode("ascii").splitlines()
    told = [(*line.split(" ")[:-1], base64.b64decode(line.split(" ")[-1]).decode()) for line in lines]
    kinds = {"Name": "s", "Count": "i", "Ratio": "d", "Force": "b", "When": "s", "Nothing": "s"}
    texts = {**PARAMETERS, "Count": "3", "Ratio": "0.5", "Force": "true"}
    assert told[: len(kinds)] == [("P", name, kind, texts[name]) for name, kind in kinds.items()]
    assert told[len(kinds) :] == [("A", argument) for argument in ARGUMENTS]


def test_the_launcher_is_the_same_whatever_is_offered(tmp_path: Path) -> None:
    one = job_for(offer(), str(tmp_path), {}, None)
    other = job_for(offer(parameters={}, arguments=()), str(tmp_path), {}, None)
    assert one.files["launch.ps1"] == other.files["launch.ps1"]
    assert one.argv == other.argv
    assert not any(word in " ".join(one.argv) for word in ("O'Neill", "calc", "Force"))


def test_a_script_with_a_byte_order_mark_gets_no_second_one(tmp_path: Path) -> None:
    job = job_for(Offer("e1-1-1", "powershell", "\ufeff'hi'", 60.0), str(tmp_path), {}, None)
    assert job.files["script.ps1"] == b"\xef\xbb\xbf'hi'"


@pytest.mark.skipif(sys.platform != "win32", reason="Windows PowerShell is a part of Windows")
def test_windows_powershell_is_named_in_full_and_let_run_scripts(tmp_path: Path) -> None:
    argv = job_for(offer(), str(tmp_path), {}, None).argv
    assert argv[0].lower().endswith(r"\system32\windowspowershell\v1.0\powershell.exe")
    assert argv[1:5] == ["-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass"]


def test_the_launcher_is_powershell_without_a_mistake() -> None:
    tree_sitter = pytest.importorskip("tree_sitter")
    grammar = pytest.importorskip("tree_sitter_powershell")
    parser = tree_sitter.Parser(tree_sitter.Language(grammar.language()))
    assert not parser.parse(LAUNCHER.encode()).root_node.has_error
    assert parser.parse(LAUNCHER.replace("}", "", 1).encode()).root_node.has_error
