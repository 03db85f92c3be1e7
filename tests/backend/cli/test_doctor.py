"""The doctor: one sentence for each thing that is wrong, and a bundle without secrets."""

import json
import os
import shutil
import sqlite3
import stat
import sys
import zipfile
from collections import namedtuple
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend_lite.config import DataFolder
from backend_lite.core.lock import FolderLock
from backend_lite.core.security.ca import open_identity
from backend_lite.core.security.launch import publish_launch
from backend_lite.doctor.checks import examine
from backend_lite.doctor.findings import Level
from backend_lite.doctor.masking import mask
from tests.backend.cli.conftest import Run


def now() -> datetime:
    return datetime.now(UTC)


Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def data(tmp_path: Path, migrated: Path) -> DataFolder:
    """A folder as a service that was stopped in order leaves it."""
    data = DataFolder(tmp_path / "data")
    data.open()
    shutil.copyfile(migrated, data.database)
    open_identity(data.keys, [])
    return data


def wrongs(data: DataFolder, at: datetime | None = None) -> list[str]:
    return [finding.text for finding in examine(data, at or now()) if finding.level is Level.WRONG]


def notes(data: DataFolder) -> list[str]:
    return [finding.text for finding in examine(data, now()) if finding.level is Level.NOTE]


def log_line(data: DataFolder, **fields: object) -> None:
    entry = {"event": "it happened", "level": "info", "timestamp": now().isoformat()} | fields
    with (data.logs / "service.log").open("a", encoding="utf-8") as log:
        log.write(json.dumps(entry) + "\n")


def test_a_sound_folder_has_nothing_wrong(run: Run, data: DataFolder) -> None:
    ended = run("doctor", "--data-dir", data.root)
    assert (ended.code, "WRONG" in ended.out) == (0, False)
    assert "good  The database is sound" in ended.out


def test_looking_changes_nothing(data: DataFolder) -> None:
    before = {path: path.read_bytes() for path in data.root.rglob("*") if path.is_file()}
    examine(data, now())
    after = {path: path.read_bytes() for path in data.root.rglob("*") if path.is_file()}
    assert {path: after[path] for path in before} == before


def test_a_folder_that_is_not_there_is_not_made(run: Run, tmp_path: Path) -> None:
    ended = run("doctor", "--data-dir", tmp_path / "typo")
    assert ended.code == 1
    assert ended.out.startswith("WRONG There is no folder")
    assert not (tmp_path / "typo").exists()


def test_an_empty_folder_waits_for_its_first_start(tmp_path: Path) -> None:
    assert wrongs(DataFolder(tmp_path)) == []
    assert "There is no database yet; the service makes it when it starts." in notes(DataFolder(tmp_path))


def test_a_damaged_database_is_found(data: DataFolder) -> None:
    content = bytearray(data.database.read_bytes())
    for page in range(1, len(content) // 4096):
        content[page * 4096 : page * 4096 + 64] = b"\xaa" * 64
    data.database.write_bytes(content)
    (text,) = wrongs(data)
    assert text.startswith(("The database is damaged", f"The database {data.database} cannot be read"))
    assert "Put a backup in its place" in text


def test_a_file_that_is_no_database_is_found(data: DataFolder) -> None:
    data.database.write_bytes(b"x" * 5000)
    (text,) = wrongs(data)
    assert "cannot be read (file is not a database)" in text


def test_a_newer_schema_is_wrong_and_an_older_one_is_not(data: DataFolder) -> None:
    def set_schema(version: str) -> None:
        with sqlite3.connect(data.database) as connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", (version,))
        connection.close()

    set_schema("9876")
    (text,) = wrongs(data)
    assert "its schema is 9876, this version knows" in text
    set_schema("0001")
    assert wrongs(data) == []
    assert any(text.startswith("The database is at schema 0001; the next start") for text in notes(data))


def test_a_full_disk_is_found(data: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(100 << 30, 99 << 30, 900 << 20))
    assert [text for text in wrongs(data) if "0.9 GiB of 100.0 GiB are free" in text]
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(4 << 30, 3 << 30, 900 << 20))
    assert wrongs(data) == [], "on a small disk a share is enough"


def test_certificates_that_ended_or_end_soon_are_named(data: DataFolder) -> None:
    soon = now() + timedelta(days=390)
    found = [(finding.level, finding.text) for finding in examine(data, soon)]
    assert any(
        level is Level.NOTE and text.startswith("The certificate for agents ends on") for level, text in found
    )
    (text,) = wrongs(data, now() + timedelta(days=400))
    assert text.startswith("The certificate for agents ended on")
    assert "Start the service again" in text


def test_a_broken_ca_is_named(data: DataFolder) -> None:
    (data.keys / "ca.pem").write_bytes(b"gone")
    (text,) = wrongs(data)
    assert "Restore it from a backup" in text


def test_a_clock_that_is_behind_is_found(data: DataFolder) -> None:
    texts = wrongs(data, now() - timedelta(days=2))
    assert any("this machine's clock says" in text for text in texts)
    assert any("Set the clock." in text for text in texts)


@pytest.mark.skipif(sys.platform == "win32", reason="rights are an ACL there")
def test_a_key_that_others_can_read_is_found(data: DataFolder) -> None:
    key = data.keys / "agent-listener.key"
    key.chmod(0o640)
    assert wrongs(data) == [f"Others can read {key}. Take that right away: chmod 600 {key}"]


def test_late_errors_in_the_log_are_counted(data: DataFolder) -> None:
    log_line(data)
    log_line(data, level="error", timestamp=(now() - timedelta(days=2)).isoformat(), event="long ago")
    log_line(data, level="info", event='it said "error"')
    with (data.logs / "service.log").open("a") as log:
        log.write('{"level": "error", "timesta\n')
    assert wrongs(data) == []
    log_line(data, level="error", event="first")
    log_line(data, level="critical", event="second")
    (text,) = wrongs(data)
    assert text.startswith("The log has 2 errors of the last 24 hours; the latest:")
    assert text.endswith("second")


def test_a_service_that_was_killed_and_one_that_hangs_are_told_apart(
    data: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    launch = {"admin_url": "nowhere", "agent_url": "", "agent_pin": "", "version": "0"}
    publish_launch(data.service_file, **launch, secret="dfl_x")
    (text,) = wrongs(data)
    assert text == f"The service does not answer. End process {os.getpid()} and start the service again."
    monkeypatch.setattr("psutil.pid_exists", lambda _pid: False)
    assert wrongs(data) == []
    assert any("was not stopped in order" in text for text in notes(data))
    lock = FolderLock(data.lock_file)
    assert wrongs(data) == [
        "Another process holds the data folder, and no service answers. End that process."
    ]
    lock.release()


CANARY = "canary5f2c" * 4
SECRETS = [
    f"token=dfe_{CANARY}",
    f"dfs_{CANARY}",
    f"Authorization: Bearer {CANARY}",
    json.dumps({"password": f'with "quotes" and \\ {CANARY}'}),
    json.dumps({"nested": {"access_token": CANARY}}),
    f"client_secret='{CANARY}'",
    f"postgresql://user:{CANARY}@host/db",
    f"-----BEGIN EC PRIVATE KEY-----\n{CANARY}\n-----END EC PRIVATE KEY-----",
    f"-----BEGIN PRIVATE KEY-----\n{CANARY}",
    f"otp={CANARY}",
]


@pytest.mark.parametrize("text", SECRETS)
def test_a_secret_is_masked_by_its_form_or_its_name(text: str) -> None:
    masked = mask(f"before {text} after")
    assert CANARY not in masked
    assert "***" in masked
    assert masked.startswith("before ")


@pytest.mark.parametrize(
    "text",
    [
        "sha256:" + "ab" * 32,
        "GET /api/v1/auth/login 401",
        "https://host.example/path@2x.png",
        "device 7 is online",
    ],
)
def test_what_is_no_secret_stays_readable(text: str) -> None:
    assert mask(text) == text


def test_the_bundle_holds_report_versions_and_logs_and_no_secret(
    run: Run, data: DataFolder, tmp_path: Path
) -> None:
    for secret in SECRETS:
        log_line(data, event=secret)
    log_line(data, level="error", event=f"password={CANARY}")
    log_line(data, event="the line to keep", access_token=CANARY, context={"otp": [CANARY], "urls": ["/x"]})
    (data.logs / "service.log.1").write_text("older", "utf-8")
    launch = {"admin_url": "nowhere", "agent_url": "", "agent_pin": "", "version": "0"}
    publish_launch(data.service_file, **launch, secret=f"dfl_{CANARY}")
    bundle = tmp_path / "bundle.zip"
    ended = run("doctor", "--data-dir", data.root, "--bundle", bundle)
    assert ended.code == 1, "there is an error in the log"
    with zipfile.ZipFile(bundle) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert set(texts) == {"report.txt", "versions.txt", "logs/service.log", "logs/service.log.1"}
    assert "WRONG The log has 1 errors" in texts["report.txt"]
    assert "python " in texts["versions.txt"]
    kept = json.loads(texts["logs/service.log"].splitlines()[-1])
    assert (kept["event"], kept["access_token"]) == ("the line to keep", "***")
    assert kept["context"] == {"otp": "***", "urls": ["/x"]}
    assert not [name for name, text in texts.items() if CANARY in text or "canary5f2c" in text]
    if sys.platform != "win32":
        assert stat.S_IMODE(bundle.stat().st_mode) == 0o600


def test_a_bundle_overwrites_nothing(run: Run, data: DataFolder, tmp_path: Path) -> None:
    (tmp_path / "thesis.zip").write_text("mine")
    ended = run("doctor", "--data-dir", data.root, "--bundle", tmp_path / "thesis.zip")
    assert (ended.code, (tmp_path / "thesis.zip").read_text()) == (1, "mine")
    assert "is there already" in ended.err
