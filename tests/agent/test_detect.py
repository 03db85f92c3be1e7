"""A detect script goes first, and where it ends with 0 the script does not run: all of it one attempt."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from agent.handlers import RejectionError, job_for
from agent.platform import this_platform
from agent.stages import NOTHING_TO_DO
from agent.wire.messages import Offer, OfferFile
from tests.agent.jobs import made, output_of, run_job
from tests.agent.life import ONE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.attempt_folder import ExitRecord

not_on_windows = pytest.mark.skipif(sys.platform == "win32", reason="seen there with cmd")
ends_with = "import sys; print('detect'); sys.exit({})".format
SHOWS = """
import json, os, sys
values = json.load(open(os.environ["DEPLOYFLOW_PARAMETERS"], encoding="utf-8"))
print(json.dumps([values, os.environ["DF_COUNT"], open(os.environ["DF_LIST"]).read(), os.getcwd(),
                  sys.argv[1:], sys.stdin.read()]), flush=True)
sys.exit(5)
"""


def done(folder: Path, language: str, payload: str, detect: str, **more: Any) -> ExitRecord:
    secrets = more.pop("clear", {})
    offer = Offer(ONE, language, payload, more.pop("timeout_s", 60.0), detect=detect, **more)
    return run_job(folder, job_for(offer, str(folder), secrets, None))


def test_what_is_there_already_is_not_done_again(tmp_path: Path) -> None:
    folder = made(tmp_path / "a")
    record = done(folder, "python", f"open({str(tmp_path / 'effect')!r}, 'w')", ends_with(0))
    assert (record["outcome"], record["exit_code"]) == ("exited", 0)
    assert output_of(folder)[0].split(b"\n", 1) == [
        b"detect" + os.linesep.encode()[:-1],
        NOTHING_TO_DO,
    ]
    assert not (tmp_path / "effect").exists()
    assert not (folder / "work").exists()


@not_on_windows
def test_what_is_not_there_is_done_and_its_exit_code_is_that_of_the_step(tmp_path: Path) -> None:
    folder = made(tmp_path / "a")
    record = done(folder, "python", "import sys; print('script'); sys.exit(7)", ends_with(1))
    assert (record["outcome"], record["exit_code"]) == ("exited", 7)
    assert output_of(folder)[0].split() == [b"detect", b"script"]


def test_both_are_given_the_same_but_only_the_script_its_arguments(tmp_path: Path) -> None:
    folder, elsewhere = made(tmp_path / "a"), made(tmp_path / "elsewhere")
    record = done(
        folder,
        "python",
        SHOWS,
        SHOWS,
        clear={"pin": "12345"},
        arguments=("one", "two words"),
        parameters={"count": 3},
        files=(OfferFile("list", "list.txt", "eA=="),),
        working_folder=str(elsewhere),
    )
    assert record["exit_code"] == 5, output_of(folder)
    detect, script = (json.loads(line) for line in output_of(folder)[0].splitlines())
    assert (detect[4], script[4]) == ([], ["one", "two words"])
    assert detect[:4] == script[:4]
    assert detect[0]["pin"] == "***"
    assert detect[1:4] == ["3", "x", str(elsewhere)]


@not_on_windows
def test_scripts_of_the_shell(tmp_path: Path) -> None:
    for name, code, expected in (("a", 0, (0, NOTHING_TO_DO)), ("b", 3, (4, b"script\n"))):
        folder = made(tmp_path / name)
        record = done(folder, "sh", "echo script; exit 4", f"exit {code}")
        assert (record["exit_code"], output_of(folder)[0]) == expected


@not_on_windows
def test_a_signal_that_ends_the_script_is_its_exit_code_and_signals_are_as_usual(tmp_path: Path) -> None:
    folder = made(tmp_path / "a")
    record = done(folder, "sh", "kill -PIPE $$", "kill -KILL $$")
    assert (record["outcome"], record["exit_code"]) == ("exited", 141)


@pytest.mark.skipif(sys.platform != "win32", reason="a language of Windows")
def test_scripts_of_cmd(tmp_path: Path) -> None:
    for name, code, expected in (("a", 0, 0), ("b", 3, 4)):
        folder, elsewhere = made(tmp_path / name), made(tmp_path / f"else where {name}")
        record = done(
            folder,
            "cmd",
            "@cd\r\n@exit /b 4",
            f"@cd\r\n@exit /b {code}",
            working_folder=str(elsewhere),
        )
        assert record["exit_code"] == expected
        printed = output_of(folder)[0].decode().splitlines()
        assert printed[0] == str(elsewhere)
        assert len(printed) == 2


def test_time_is_counted_over_both_and_the_whole_tree_ends(tmp_path: Path) -> None:
    folder = made(tmp_path / "a")
    waits = "import time; print('detect', flush=True); time.sleep(600)"
    record = done(folder, "python", "print('never')", waits, timeout_s=1.5)
    assert (record["outcome"], output_of(folder)[0].split()) == ("timed_out", [b"detect"])


def test_only_scripts_are_detected(tmp_path: Path) -> None:
    with pytest.raises(RejectionError, match="Only a script"):
        job_for(Offer(ONE, "inventory", "", 60.0, detect="exit 0"), str(tmp_path), {}, None)
    with pytest.raises(RejectionError, match="is empty"):
        job_for(Offer(ONE, "python", "x", 60.0, detect=" \n"), str(tmp_path), {}, None)


@not_on_windows
def test_the_person_must_be_able_to_read_the_agents_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agent import handlers
    from agent.platform import posix_people

    nobody = posix_people.describe(65534)
    if nobody is None or os.geteuid() != 0:
        pytest.skip("only root can run programs as somebody else")
    hidden = Path(tempfile.mkdtemp()) / "program"
    hidden.write_text("x")
    hidden.chmod(0o644)
    assert not this_platform().may_read(nobody, hidden)
    hidden.parent.chmod(0o711)
    assert this_platform().may_read(nobody, hidden)
    hidden.chmod(0o640)
    monkeypatch.setattr(handlers, "own_files", lambda: [hidden])
    offer = Offer(ONE, "sh", "true", 60.0, detect="true", run_as="user")
    with pytest.raises(RejectionError, match=f"nobody may not read {hidden}"):
        job_for(offer, str(tmp_path), {}, nobody)
