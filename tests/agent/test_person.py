"""Steps that run as the person who is signed in. Here: as another user of this machine, which takes root."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("its people are those of Unix", allow_module_level=True)

import os
import shutil
import tempfile

from agent.attempt_folder import AttemptFolder
from agent.commands import own_files
from agent.handlers import RejectionError, job_for
from agent.platform import posix_people, this_platform
from agent.wire.messages import Offer, OfferFile
from tests.agent.jobs import made, output_of, run_job

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.platform.people import Person

SHOWS = """
id -u; id -g; id -G; echo "$HOME $USER $LOGNAME"
echo "$DF_WORD"; cat "$DF_LIST"; cat "$DEPLOYFLOW_PARAMETERS"
stat -c '%U %a' . "$0" "$DF_LIST" "$DEPLOYFLOW_PARAMETERS"; ls .. 2>&1; touch "$HOME/x" ../x 2>&1
"""


@pytest.fixture
def nobody() -> Person:
    if os.geteuid() != 0:
        pytest.skip("only root can run programs as somebody else")
    found = posix_people.describe(65534)
    if found is None:
        pytest.skip("this machine has no user 65534")
    return found


@pytest.fixture
def attempt() -> Iterator[Path]:
    """An attempt's folder in a data folder that is as an agent makes it, where everybody may pass."""
    root = Path(tempfile.mkdtemp())
    for folder in (root, root / "attempts", root / "attempts" / "a"):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o700)
    (root / "identity.key").write_text("private")
    (root / "identity.key").chmod(0o600)
    yield root / "attempts" / "a"
    shutil.rmtree(root)


def test_a_step_runs_as_the_person_with_files_for_nobody_else(attempt: Path, nobody: Person) -> None:
    given = Offer(
        "e1-1-1",
        "sh",
        SHOWS,
        60.0,
        parameters={"word": "two words"},
        files=(OfferFile("list", "list.txt", "bGlzdAo="),),
        run_as="user",
    )
    record = run_job(attempt, job_for(given, str(attempt), {"pin": "12345"}, nobody))
    out = output_of(attempt)[0].decode().splitlines()
    uid, gid, home = str(nobody["uid"]), str(nobody["gid"]), nobody["environment"]["HOME"]
    assert (record["outcome"], out[:3]) == ("exited", [uid, gid, gid])
    assert out[3] == f"{home} {nobody['name']} {nobody['name']}"
    assert out[4:6] == ["two words", "list"]
    assert '"pin": "***"' in out[6]
    assert out[6].endswith("}" + f"{nobody['name']} 700")
    assert out[7:10] == [f"{nobody['name']} 600"] * 3
    assert "Permission denied" in out[10]
    assert AttemptFolder(str(attempt)).gate_holder() is not None
    assert not (attempt / "work").exists()
    assert [path.stat().st_mode & 0o777 for path in (attempt, attempt.parent.parent)] == [0o711, 0o711]
    assert [path.stat().st_uid for path in attempt.iterdir()] == [0] * len(list(attempt.iterdir()))


def test_a_detect_script_runs_as_the_person_too(attempt: Path, nobody: Person) -> None:
    if not all(this_platform().may_read(nobody, path) for path in own_files()):
        pytest.skip("this program lies where the person may not read it")
    given = Offer("e1-1-1", "sh", "id -u; exit 3", 60.0, run_as="user", detect="id -u; exit 1")
    record = run_job(attempt, job_for(given, str(attempt), {}, nobody))
    assert (record["exit_code"], output_of(attempt)[0].split()) == (3, [b"65534"] * 2)


def test_what_a_person_started_is_ended_with_everything_else(attempt: Path, nobody: Person) -> None:
    given = Offer("e1-1-1", "sh", "setsid sleep 600 & echo $!; sleep 600", 1.0, run_as="user")
    job = job_for(given, str(attempt), {}, nobody)
    job.grace_s = 0.1
    record = run_job(attempt, job)
    assert record["outcome"] == "timed_out"
    assert not Path(f"/proc/{int(output_of(attempt)[0])}").exists()


def test_a_program_that_the_person_may_not_start_is_rejected(attempt: Path, nobody: Person) -> None:
    given = Offer("e1-1-1", "sh", "true", 60.0, run_as="user")
    job = job_for(given, str(attempt), {}, nobody)
    program = attempt / "private"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    job.argv = [str(program)]
    record = run_job(attempt, job)
    assert record["outcome"] == "rejected"
    assert "could not be started: Permission denied" in record["detail"]


def test_an_agent_of_an_ordinary_user_runs_steps_as_that_user_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = posix_people.describe(os.geteuid())
    assert mine is not None
    folder = made(tmp_path / "a")
    given = Offer("e1-1-1", "sh", "id -u", 60.0, run_as="user")
    record = run_job(folder, job_for(given, str(folder), {}, mine))
    assert record["outcome"] == "exited"
    assert int(output_of(folder)[0]) == os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    with pytest.raises(RejectionError, match="so it cannot run steps as"):
        job_for(given, str(folder), {}, mine)


def test_who_is_signed_in_is_somebody_of_this_machine_or_nobody() -> None:
    found = this_platform().person()
    assert found is None or posix_people.describe(found["uid"]) == found


def test_the_one_at_the_screen_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(posix_people, "_sessions", lambda logind: [(0, 4711), (3, os.getuid()), (2, 65534)])
    found = posix_people.person()
    assert found is not None
    assert found["uid"] == os.getuid()
