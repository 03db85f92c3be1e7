"""Commands on a data folder on which no service runs."""

import asyncio
import json
import sqlite3
import stat
import sys
from pathlib import Path

import pytest

from backend_lite.app import opened
from backend_lite.config import Config, DataFolder
from backend_lite.core.db.migrate import known_revisions
from backend_lite.core.lock import FolderLock
from tests.backend.cli.conftest import Run
from tests.helpers.service import OWNER, OWNER_PASSWORD

PASSWORD = OWNER_PASSWORD.encode()


def test_the_owner_is_made_once_and_can_sign_in(run: Run, folder: Path) -> None:
    made = run("create-owner", "--data-dir", folder, "--username", OWNER, stdin=PASSWORD + b"\r\n")
    assert (made.code, made.out, made.err) == (0, 'The owner "ada" can sign in now.\n', "")
    again = run("create-owner", "--data-dir", folder, "--username", "bob", stdin=PASSWORD)
    assert (again.code, again.out) == (1, "")
    assert again.err == "There is an owner already. Sign in, or let the owner add you.\n"

    async def sign_in() -> str:
        async with opened(Config(DataFolder(folder))) as service:
            answer = await service.feature("access").api.login.with_password(OWNER, OWNER_PASSWORD, "here")
            return str(answer.user.username)

    assert asyncio.run(sign_in()) == OWNER


@pytest.mark.parametrize(
    ("username", "stdin", "sentence"),
    [
        (OWNER, b"", "There is no password on standard input."),
        (OWNER, b"\n", "There is no password on standard input."),
        (OWNER, b"short\n", "The password has 5 characters; it needs at least 12."),
        (OWNER, b"\xff\xfe\n", "The password on standard input is not UTF-8 text."),
        ("two words", PASSWORD, '"two words" cannot be a user name'),
    ],
)
def test_an_owner_that_cannot_be_is_refused_in_one_sentence(
    run: Run, folder: Path, username: str, stdin: bytes, sentence: str
) -> None:
    refused = run("create-owner", "--data-dir", folder, "--username", username, stdin=stdin)
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith(sentence)
    assert refused.err.count("\n") == 1
    assert stdin.strip().decode("utf-8", "replace") not in refused.err or not stdin.strip()


def test_a_password_is_taken_as_it_is_up_to_the_end_of_its_line(run: Run, folder: Path) -> None:
    password = "  Größe zählt, doch  "
    run("create-owner", "--data-dir", folder, "--username", OWNER, stdin=f"{password}\nnext line".encode())

    async def sign_in() -> None:
        async with opened(Config(DataFolder(folder))) as service:
            await service.feature("access").api.login.with_password(OWNER, password, "here")

    asyncio.run(sign_in())


def test_an_enrollment_token_is_made_with_what_an_agent_needs(run: Run, folder: Path) -> None:
    first = json.loads(run("enrollment-token", "--data-dir", folder).out)
    assert set(first) == {"token", "agent_pin", "ca_pem"}
    ended = run("enrollment-token", "--data-dir", folder, "--ttl", "30m", "--uses", "2", "--auto-approve")
    second = json.loads(ended.out)
    assert (second["agent_pin"], second["ca_pem"]) == (first["agent_pin"], first["ca_pem"])
    assert second["token"] != first["token"]
    with sqlite3.connect(folder / "deployflow.db") as connection:
        rows = connection.execute(
            "SELECT expires_at - created_at, max_uses, options ->> 'auto_approve' FROM tokens ORDER BY id"
        ).fetchall()
    connection.close()
    assert rows == [(86_400_000, 5, 0), (1_800_000, 2, 1)]


@pytest.mark.parametrize(
    "arguments",
    [
        ["enrollment-token", "--ttl", "soon"],
        ["enrollment-token", "--ttl", "-1h"],
        ["enrollment-token", "--uses", "many"],
        ["serve", "--admin-port", "70000"],
        ["create-owner"],
        ["dance"],
    ],
)
def test_a_wrong_command_is_a_matter_of_usage(run: Run, folder: Path, arguments: list[str]) -> None:
    ended = run(*arguments, "--data-dir", folder)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("usage: ")
    assert not folder.exists()


@pytest.mark.parametrize("uses", ["0", "-1", "10001"])
def test_a_token_that_makes_no_sense_is_refused(run: Run, folder: Path, uses: str) -> None:
    refused = run("enrollment-token", "--data-dir", folder, "--uses", uses)
    assert (refused.code, refused.out) == (1, "")
    assert "10000 times at most" in refused.err


def test_migrate_says_where_the_database_is(run: Run, folder: Path) -> None:
    newest = known_revisions()[0]
    assert run("migrate", "--data-dir", folder).out == f"The database is now at schema {newest}.\n"
    assert run("migrate", "--data-dir", folder).out == f"The database is already at schema {newest}.\n"


def test_a_database_of_a_newer_version_is_refused_with_both_versions(run: Run, folder: Path) -> None:
    run("migrate", "--data-dir", folder)
    with sqlite3.connect(folder / "deployflow.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9876'")
    connection.close()
    for command in (["migrate"], ["serve"], ["enrollment-token"]):
        refused = run(*command, "--data-dir", folder)
        assert refused.code == 1
        assert f"its schema is 9876, this version knows {known_revisions()[0]}" in refused.err


@pytest.mark.parametrize("command", ["migrate", "serve"])
def test_a_file_that_is_no_database_is_refused(run: Run, folder: Path, command: str) -> None:
    folder.mkdir()
    (folder / "deployflow.db").write_bytes(b"not a database, but long enough to be looked at\n" * 40)
    refused = run(command, "--data-dir", folder)
    assert refused.code == 1
    assert "cannot be used (file is not a database); nothing was changed" in refused.err


@pytest.mark.parametrize("command", ["migrate", "serve", "enrollment-token", "openapi"])
def test_a_folder_in_use_is_refused(run: Run, folder: Path, command: str) -> None:
    data = DataFolder(folder)
    data.open()
    lock = FolderLock(data.lock_file)
    try:
        refused = run(command, "--data-dir", folder)
    finally:
        lock.release()
    assert refused.code == 1
    assert "is in use by another DeployFlow service" in refused.err


def test_a_folder_that_cannot_be_made_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    refused = run("serve", "--data-dir", tmp_path / "file" / "data")
    assert refused.code == 1
    assert "cannot be written" in refused.err
    assert "--data-dir" in refused.err


def test_the_interface_is_described_without_a_service(run: Run, folder: Path) -> None:
    described = json.loads(run("openapi", "--data-dir", folder).out)
    assert "/api/v1/scripts" in described["paths"]


@pytest.mark.parametrize("content", [b"", b"too short", b"x" * 33])
def test_a_file_that_is_no_key_is_refused(run: Run, folder: Path, tmp_path: Path, content: bytes) -> None:
    key = tmp_path / "key"
    key.write_bytes(content)
    refused = run("serve", "--data-dir", folder, "--key-file", key)
    assert refused.code == 1
    assert "is no key file" in refused.err
    assert key.read_bytes() == content


def test_a_key_may_lie_in_a_data_folder_that_is_not_there_yet(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend_lite.app.serve", lambda config: None)
    done = run("serve", "--data-dir", folder, "--key-file", folder / "the.key")
    assert (done.code, done.err) == (0, "")
    assert (folder / "the.key").stat().st_size == 32


@pytest.mark.skipif(sys.platform == "win32", reason="rights are an ACL there")
def test_a_key_is_made_for_this_account_only_and_refused_when_others_read_it(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    folder.parent.mkdir(exist_ok=True)
    folder.write_text("in the way, so that serving ends after the key")
    key = tmp_path / "key"
    assert run("serve", "--data-dir", folder, "--key-file", key).code == 1
    assert (key.stat().st_size, stat.S_IMODE(key.stat().st_mode)) == (32, 0o600)
    made = key.read_bytes()
    run("serve", "--data-dir", folder, "--key-file", key)
    assert key.read_bytes() == made
    key.chmod(0o644)
    assert "Others can read the key file" in run("serve", "--data-dir", folder, "--key-file", key).err
