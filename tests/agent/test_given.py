"""What a script is given: parameters, files and secrets, and what is refused."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from nacl.public import SealedBox
from nacl.signing import VerifyKey

from agent.handlers import RejectionError, job_for
from agent.identity import Identity, make_identity
from agent.platform import this_platform
from agent.wire.messages import Offer, OfferFile
from tests.agent.jobs import made, output_of, run_job
from tests.agent.life import LANGUAGE, ONE, Life, live, offer

SHOWS = """
import json, os, sys
values = json.load(open(os.environ["DEPLOYFLOW_PARAMETERS"], encoding="utf-8"))
variables = {name: value for name, value in os.environ.items() if name.startswith("DF_")}
content = {name: open(path, "rb").read().hex() for name, path in values.items() if os.path.exists(str(path))}
sys.stdout.write(json.dumps([list(values), variables, content]))
"""


def python(script: str = SHOWS, **more: Any) -> Offer:
    return Offer(ONE, "python", script, 60.0, **more)


def a_file(name: str, file_name: str, content: bytes = b"") -> OfferFile:
    return OfferFile(name, file_name, base64.b64encode(content).decode())


def sealed(identity: Identity, value: str) -> str:
    """As the service seals it."""
    key = VerifyKey(identity.public_key).to_curve25519_public_key()
    return base64.b64encode(SealedBox(key).encrypt(value.encode())).decode()


def test_files_lie_in_the_private_folder_and_their_parameter_is_the_path(tmp_path: Path) -> None:
    folder = made(tmp_path / "a")
    given = python(
        parameters={"count": 3},
        files=(a_file("list", "größe list.txt", b"\0\xff"), a_file("other", "script.py", b"x")),
    )
    record = run_job(folder, job_for(given, str(folder), {}, None))
    assert record["exit_code"] == 0, output_of(folder)
    names, variables, content = json.loads(output_of(folder)[0])
    assert names == ["count", "list", "other"]
    assert content == {"list": "00ff", "other": "78"}
    assert variables.keys() == {"DF_COUNT", "DF_LIST", "DF_OTHER"}
    assert Path(variables["DF_LIST"]).name == "größe list.txt"
    assert Path(variables["DF_LIST"]).is_relative_to(folder / "work")
    assert not (folder / "work").exists()


def test_a_secret_is_in_the_file_and_in_no_variable(tmp_path: Path) -> None:
    folder = made(tmp_path / "a")
    job = job_for(python(parameters={"user": "zoe"}), str(folder), {"Password": "hunter22"}, None)
    assert b"hunter22" in job.files["parameters.json"]
    assert not any(b"hunter22" in data for name, data in job.files.items() if name != "parameters.json")
    assert b"hunter22" not in job.to_json()
    record = run_job(folder, job)
    assert record["exit_code"] == 0
    assert json.loads(output_of(folder)[0])[:2] == [["user", "Password"], {"DF_USER": "zoe"}]


def test_a_secret_is_opened_when_the_job_is_laid_out_and_the_journal_keeps_it_sealed(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        await life.offered(offer(secrets={"Password": "sealed:hunter22"}))
        job = life.launcher.prepared[ONE]
        assert json.loads(job.files["parameters.json"]) == {"Password": "hunter22"}
        assert job.secrets == ["Password"]
        assert b'"sealed:hunter22"' in (tmp_path / "journal" / "records").read_bytes()
        if sys.platform != "win32":
            private = life.folder / ONE / "work" / "parameters.json"
            assert private.stat().st_mode & 0o777 == 0o600
        await life.answered("yes")

    live(tmp_path, story)


def test_a_secret_for_another_key_is_rejected_with_a_sentence(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        await life.offered(offer(secrets={"Password": "noise"}))
        await life.answered("yes")
        [done] = life.dones
        assert done.outcome == "rejected"
        assert "The secret 'Password' was not sealed for this device's key" in done.detail

    live(tmp_path, story)


@pytest.mark.parametrize("value", ["", "x", "größe 日本\n😀", "x" * 100_000])
def test_what_the_service_sealed_this_device_opens(tmp_path: Path, value: str) -> None:
    identity = make_identity(tmp_path / "one")
    assert identity.open_sealed(sealed(identity, value)) == value


def test_what_is_not_sealed_to_this_device_does_not_open(tmp_path: Path) -> None:
    identity, other = make_identity(tmp_path / "one"), make_identity(tmp_path / "two")
    for damaged in (sealed(other, "x"), sealed(identity, "x")[:-8], "", "not base64 ü", "AAAA"):
        with pytest.raises(ValueError, match="not sealed to this key"):
            identity.open_sealed(damaged)


REFUSED = [
    ({"files": (a_file("list", "../list"),)}, "The file name '../list' cannot be used"),
    ({"files": (a_file("list", ".."),)}, "cannot be used on every system"),
    ({"files": (a_file("list", "a:b"),)}, "cannot be used on every system"),
    ({"files": (a_file("list", "COM1.txt"),)}, "cannot be used on every system"),
    ({"files": (a_file("list", ""),)}, "cannot be used on every system"),
    ({"files": (a_file("../list", "list"),)}, "The parameter name '../list' cannot be used"),
    ({"files": (OfferFile("list", "list", "?"),)}, "The file 'list' arrived damaged"),
    (
        {"files": (a_file("list", "a"),), "parameters": {"list": 1}},
        "The parameter 'list' is given twice",
    ),
    ({"secrets": {"PIN": "sealed:x"}, "parameters": {"pin": 1}}, "differ only in upper and lower case"),
    ({"secrets": {"PIN": "sealed:a\0b"}}, "The parameter 'PIN' contains a zero character"),
    ({"working_folder": "somewhere"}, "The working folder somewhere is not a folder on this device"),
    ({"working_folder": str(Path("/no such folder").absolute())}, "it must be there and be given in full"),
    ({"working_folder": __file__}, "is not a folder on this device"),
    ({"run_as": "nobody"}, "This agent cannot run steps as 'nobody'"),
    ({"idle_timeout_s": -1.0}, "time without output must be 0 (any) or more"),
    ({"idle_timeout_s": float("nan")}, "time without output must be 0 (any) or more"),
]


@pytest.mark.parametrize(("wrong", "sentence"), REFUSED, ids=[sentence for _, sentence in REFUSED])
def test_what_cannot_be_given_is_rejected_with_a_sentence(
    tmp_path: Path, wrong: dict[str, Any], sentence: str
) -> None:
    async def story(life: Life) -> None:
        await life.offered(offer(**wrong))
        await life.answered("yes")
        [done] = life.dones
        assert (done.outcome, sentence in done.detail) == ("rejected", True), done.detail
        assert life.launcher.prepared == {}

    live(tmp_path, story)


def test_a_step_of_a_later_version_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(RejectionError, match="cannot do steps of the type 'make_coffee'"):
        job_for(Offer(ONE, "make_coffee", "", 60.0), str(tmp_path), {}, None)


def test_limits_and_the_working_folder_reach_the_runner(tmp_path: Path) -> None:
    given = Offer(ONE, LANGUAGE, "echo", 60.0, idle_timeout_s=7.0, working_folder=str(tmp_path))
    job = job_for(given, str(tmp_path), {}, None)
    assert (job.timeout_s, job.idle_timeout_s) == (60.0, 7.0)
    where = job.folder or job.environment["DEPLOYFLOW_FOLDER"]
    assert where == str(tmp_path)


@pytest.mark.skipif(this_platform().os_type != "windows", reason="cmd.exe is a program of Windows")
def test_a_cmd_script_starts_in_its_working_folder(tmp_path: Path) -> None:
    folder, elsewhere = made(tmp_path / "a"), made(tmp_path / "other & more")
    given = Offer(ONE, "cmd", "@echo off\ncd\nexit /b 3", 60.0, working_folder=str(elsewhere))
    record = run_job(folder, job_for(given, str(folder), {}, None))
    assert record["exit_code"] == 3
    assert Path(output_of(folder)[0].decode("mbcs").strip()) == elsewhere
