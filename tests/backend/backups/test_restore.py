"""Restores by command: whole or not at all, and what was there stays."""

import asyncio
import json
import os
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from backend_lite.app import opened
from backend_lite.config import Config, DataFolder
from backend_lite.contract.backups import BackupCreate
from backend_lite.contract.enroll import EnrollmentTokenCreate
from backend_lite.core.backup import restore as restore_module
from backend_lite.core.backup.manifest import hashed
from backend_lite.core.db.migrate import known_revisions
from backend_lite.core.lock import FolderLock
from tests.backend.backups.conftest import tree
from tests.backend.cli.conftest import Run, folder, run
from tests.migrations.test_killed import KILLED, in_child

__all__ = ["folder", "run"]

PASSWORD = b"four unrelated words\n"
PASSPHRASE = b"five quite unrelated words here\n"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with an owner, and a backup that lacks its second enrollment token."""
    data = DataFolder(tmp_path_factory.mktemp("template") / "data")

    async def fill() -> None:
        async with opened(Config(data)) as service:
            enroll, backups = service.feature("enroll").api, service.feature("backups").api
            await service.feature("access").api.users.create_owner("ada", "four unrelated words")
            await enroll.make_token(EnrollmentTokenCreate(), None)
            (data.output / "1.stdout").write_bytes(b"said")
            await backups.create(BackupCreate())
            await enroll.make_token(EnrollmentTokenCreate(), None)

    asyncio.run(fill())
    return data.root


@pytest.fixture
def backup(template: Path, folder: Path) -> Path:
    shutil.copytree(template, folder)
    (path,) = (folder / "backups").iterdir()
    return path


def test_a_backup_says_where_it_lies_and_what_it_lacks(run: Run, folder: Path, backup: Path) -> None:
    made = run("backup", "--data-dir", folder, "--to", folder.parent / "copy", "--without-output")
    assert (made.code, made.err) == (0, "")
    assert made.out.startswith(f"{folder.parent / 'copy'} is a verified backup")
    assert "The master key of stored secrets is not in it" in made.out
    assert "output/1.stdout" not in tree(folder.parent / "copy")
    again = run("backup", "--data-dir", folder, "--to", folder.parent / "copy")
    assert (again.code, "is there already" in again.err) == (1, True)


def query(folder: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / "deployflow.db")) as connection:
        return connection.execute(sql).fetchall()


def epoch(folder: Path) -> object:
    return query(folder, "SELECT value FROM meta WHERE key = 'service_epoch'")[0][0]


def restore(run: Run, folder: Path, backup: Path, *options: object) -> str:
    done = run("restore", "--data-dir", folder, "--from", backup, *options)
    assert (done.code, done.err) == (0, ""), done.err
    return done.out


def test_what_was_there_is_kept_and_a_new_life_begins(run: Run, folder: Path, backup: Path) -> None:
    before, name = tree(folder), backup.name
    lives = epoch(folder)
    said = restore(run, folder, backup)
    (kept,) = folder.parent.glob("data.before-*")
    assert f"What was there is now {kept}." in said
    assert query(folder, "SELECT count(*) FROM tokens WHERE kind = 'enrollment'") == [(1,)]
    assert query(folder, "SELECT revoked_at IS NULL FROM tokens WHERE kind = 'enrollment'") == [(0,)]
    assert query(kept, "SELECT count(*) FROM tokens WHERE kind = 'enrollment'") == [(2,)]
    assert tree(folder)["output/1.stdout"] == b"said"
    assert epoch(folder) != lives == epoch(kept)
    # The backups belong to the service, whichever life it lives.
    assert set(before) - set(tree(kept)) == {n for n in before if n.startswith(f"backups/{name}/")}
    assert (folder / "backups" / name / "MANIFEST.json").exists()
    assert query(folder, "SELECT value FROM meta WHERE key = 'restored'") == []
    assert query(folder, "SELECT action, actor FROM audit_events ORDER BY id DESC LIMIT 1") == [
        ("backups.restore", "service")
    ]
    assert list(folder.parent.glob(".data*")) == []


def test_numbers_that_were_given_away_since_are_not_given_again(run: Run, folder: Path, backup: Path) -> None:
    given = query(folder, "SELECT max(id) FROM tokens")[0][0]
    restore(run, folder, backup)
    assert run("enrollment-token", "--data-dir", folder).code == 0
    assert query(folder, "SELECT max(id) FROM tokens")[0][0] > given  # type: ignore[operator]
    assert query(folder, "SELECT seq FROM sqlite_sequence WHERE name = 'steps'")[0][0] >= 1_000_000  # type: ignore[operator]


def test_into_a_folder_that_is_not_there(run: Run, folder: Path, backup: Path, tmp_path: Path) -> None:
    said = restore(run, tmp_path / "deep" / "new", backup)
    assert "What was there" not in said
    assert query(tmp_path / "deep" / "new", "SELECT username FROM users") == [("ada",)]


def test_beside_a_service_nothing_is_restored(run: Run, folder: Path, backup: Path) -> None:
    lock = FolderLock(DataFolder(folder).lock_file)
    try:
        refused = run("restore", "--data-dir", folder, "--from", backup)
    finally:
        lock.release()
    assert (refused.code, "is in use by another DeployFlow service" in refused.err) == (1, True)
    assert list(folder.parent.glob("data.before-*")) == []


def test_a_newer_schema_is_refused_with_both_named(run: Run, folder: Path, backup: Path) -> None:
    manifest = json.loads((backup / "MANIFEST.json").read_text())
    database = backup / "deployflow.db"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9876'")
    manifest |= {"schema": "9876", "version": "99.0"}
    for file in manifest["files"]:
        if file["path"] == "deployflow.db":
            file["sha256"] = hashed(database).sha256
    (backup / "MANIFEST.json").write_text(json.dumps(manifest))
    before = tree(folder)
    refused = run("restore", "--data-dir", folder, "--from", backup)
    assert refused.code == 1
    assert f"(99.0): its schema is 9876, this version knows {known_revisions()[0]}" in refused.err
    assert tree(folder) == before


def test_a_damaged_backup_is_refused_by_its_file(run: Run, folder: Path, backup: Path) -> None:
    (backup / "keys" / "ca.pem").write_bytes(b"")
    before = tree(folder)
    refused = run("restore", "--data-dir", folder, "--from", backup)
    assert (refused.code, str(backup / "keys" / "ca.pem") in refused.err) == (1, True)
    assert tree(folder) == before
    nothing = run("restore", "--data-dir", folder, "--from", folder / "keys")
    assert "is no backup: MANIFEST.json is missing" in nothing.err


@pytest.mark.parametrize("step", ["_copy", "_bring_along", "begin_new_life", "migrate", "_swap"])
def test_one_that_fails_midway_leaves_everything_as_it_was(
    run: Run, folder: Path, backup: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    before = tree(folder)
    monkeypatch.setattr(restore_module, step, fail)
    refused = run("restore", "--data-dir", folder, "--from", backup)
    assert (refused.code, "No space left on device" in refused.err) == (1, True)
    assert tree(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["data"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
@pytest.mark.parametrize("renames", [0, 1, 2])
def test_a_kill_while_the_folders_change_places_loses_none(
    run: Run, folder: Path, backup: Path, renames: int
) -> None:
    """The next start finds one of the two whole in its place, never a new and empty one."""
    lives, rename, passed = epoch(folder), Path.rename, 0

    def killed(self: Path, target: Path) -> Path:
        nonlocal passed
        if passed == renames:
            os._exit(KILLED)
        passed += 1
        return rename(self, target)

    def work() -> None:
        Path.rename = killed  # type: ignore[method-assign, assignment]
        restore_module.restore_backup(DataFolder(folder), backup, 1)

    assert in_child(work) == KILLED
    assert run("migrate", "--data-dir", folder).code == 0
    assert query(folder, "SELECT username FROM users") == [("ada",)]
    assert (epoch(folder) == lives) is (renames == 0)
    assert list(folder.parent.glob(".data.swapping")) == []
    if renames == 0:
        restore(run, folder, backup)
        assert epoch(folder) != lives


def test_without_room_nothing_is_begun(
    run: Run, folder: Path, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(0, 0, 1 << 20))
    refused = run("restore", "--data-dir", folder, "--from", backup)
    assert (refused.code, "There is no room to restore" in refused.err) == (1, True)


def test_a_key_file_in_the_folder_comes_along(run: Run, folder: Path, backup: Path) -> None:
    (folder / "demo.key").write_bytes(b"d" * 32)
    (folder / "keys" / "master.key").write_bytes(b"m" * 32)
    (folder / "keys" / "master.key").chmod(0o600)
    restore(run, folder, backup, "--key-file", folder / "keys" / "master.key")
    assert (folder / "demo.key").read_bytes() == b"d" * 32
    assert (folder / "keys" / "master.key").read_bytes() == b"m" * 32


def test_a_kit_brings_the_master_key(run: Run, folder: Path, backup: Path, tmp_path: Path) -> None:
    key, kit, new = tmp_path / "m.key", tmp_path / "fleet.kit", tmp_path / "new"
    make = ("recovery-kit", "--data-dir", folder, "--to", kit, "--key-file", key)
    weak = run(*make, stdin=b"short\n")
    assert (weak.code, "needs at least 16" in weak.err, kit.exists()) == (1, True, False)
    made = run(*make, stdin=PASSPHRASE)
    assert (made.code, made.err) == (0, "")
    assert "is there already" in run(*make, stdin=PASSPHRASE).err

    restore_kit = ("restore", "--data-dir", new, "--kit", kit)
    wrong = run(*restore_kit, "--key-file", new / "m.key", stdin=b"another passphrase\n")
    assert (wrong.code, "does not open this recovery kit" in wrong.err) == (1, True)
    nowhere = run(*restore_kit, stdin=PASSPHRASE)
    assert (nowhere.code, "Name a file for it: --key-file" in nowhere.err) == (1, True)
    other = tmp_path / "other.key"
    other.write_bytes(b"o" * 32)
    taken = run(*restore_kit, "--key-file", other, stdin=PASSPHRASE)
    assert (taken.code, "holds another key" in taken.err) == (1, True)
    assert not new.exists()
    done = run(*restore_kit, "--key-file", new / "m.key", stdin=PASSPHRASE)
    assert (done.code, done.err) == (0, "")
    assert (new / "m.key").read_bytes() == key.read_bytes()
    assert (new / "keys" / "ca.pem").read_bytes() == (folder / "keys" / "ca.pem").read_bytes()
    assert list(tmp_path.glob(".new*")) == []


def test_a_lost_password_is_given_anew(run: Run, folder: Path, backup: Path) -> None:
    reset = ("reset-password", "--data-dir", folder, "--username")
    weak = run(*reset, "ada", stdin=b"short\n")
    assert (weak.code, "has 5 characters" in weak.err) == (1, True)
    unknown = run(*reset, "bob", stdin=PASSWORD)
    assert (unknown.code, 'There is no user "bob". There are: ada.' in unknown.err) == (1, True)
    before = query(folder, "SELECT password_hash FROM users")
    done = run(*reset, "ADA", stdin=b"entirely other words\n")
    assert (done.code, done.err) == (0, "")
    assert query(folder, "SELECT password_hash FROM users") != before
    assert query(folder, "SELECT count(*) FROM tokens WHERE kind = 'session' AND revoked_at IS NULL") == [
        (0,)
    ]
    assert ("users.update",) in query(folder, "SELECT action FROM audit_events")
