"""Backups on the disk: whole or not there, and what is wrong with one is found."""

import hashlib
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from backend_lite.config import DataFolder
from backend_lite.core.backup.make import Wanted, make_backup
from backend_lite.core.backup.manifest import DamagedBackupError, Manifest, read_manifest
from backend_lite.core.backup.shelf import Shelf, ShelvedBackup, Verified, expendable
from backend_lite.core.backup.verify import verify_backup
from backend_lite.core.db.migrate import known_revisions
from backend_lite.errors import DiskFullError, InvalidError, NotFoundError
from tests.backend.backups.conftest import BLOB, tree
from tests.helpers.service import InProcess

pytestmark = pytest.mark.anyio

WANTED = Wanted("20260301-080000", 1_772_352_000_000, "before the move")
SHA256 = hashlib.sha256(BLOB).hexdigest()
BLOB_NAME = f"blobs/{SHA256[:2]}/{SHA256}"


@pytest.fixture
def backup(data: DataFolder) -> Path:
    target = data.backups / WANTED.id
    make_backup(data, target, WANTED)
    return target


async def test_a_backup_holds_everything_but_the_master_key(service: InProcess, data: DataFolder) -> None:
    key_file = data.keys / "master.key"
    key_file.write_bytes(b"k" * 32)
    target = data.root.parent / "elsewhere" / "copy"
    manifest = make_backup(data, target, WANTED, key_file=key_file)
    files = tree(target)
    assert files[BLOB_NAME] == BLOB
    assert files["output/000000/1.stdout"] == b"what a script wrote"
    assert files["keys/ca.pem"] == (data.keys / "ca.pem").read_bytes()
    assert "keys/master.key" not in files
    assert set(files) == {"MANIFEST.json", *(file.path for file in manifest.files)}
    assert manifest.schema == known_revisions()[0]
    assert manifest.service_epoch == service.kernel.service_epoch
    assert (manifest.id, manifest.reason, manifest.with_output) == (WANTED.id, WANTED.reason, True)
    assert verify_backup(target) == read_manifest(target) == manifest


async def test_it_is_for_this_account_alone(backup: Path) -> None:
    for name in (".", "MANIFEST.json", "deployflow.db", "keys/ca.pem", "output/000000/1.stdout"):
        assert stat.S_IMODE((backup / name).stat().st_mode) & 0o077 == 0, name


async def test_output_can_be_left_out(data: DataFolder) -> None:
    manifest = make_backup(data, data.backups / "less", Wanted("less", 1, "", with_output=False))
    assert [file.path for file in manifest.files if file.path.startswith("output")] == []
    assert not manifest.with_output


async def test_kept_files_are_linked_where_that_is_as_good(data: DataFolder, backup: Path) -> None:
    assert (backup / BLOB_NAME).stat().st_ino == (data.root / BLOB_NAME).stat().st_ino
    assert (backup / "keys/ca.pem").stat().st_ino != (data.keys / "ca.pem").stat().st_ino


async def test_the_copy_is_of_what_is_committed(service: InProcess, backup: Path) -> None:
    await service.sign_in()
    with closing(sqlite3.connect(backup / "deployflow.db")) as connection:
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (0,)


async def test_without_room_nothing_is_written(data: DataFolder) -> None:
    with pytest.raises(DiskFullError, match=r"it needs \d+ MB, and .* has 1 MB free"):
        make_backup(data, data.backups / "no", WANTED, free=lambda _folder: 1 << 20)
    assert list(data.backups.iterdir()) == []


async def test_one_that_fails_leaves_nothing(data: DataFolder) -> None:
    (data.root / BLOB_NAME).unlink()
    with pytest.raises(DamagedBackupError, match=f"lacks 1 files .* {SHA256}"):
        make_backup(data, data.backups / "no", WANTED)
    assert list(data.backups.iterdir()) == []


async def test_what_is_there_is_not_replaced(data: DataFolder, backup: Path) -> None:
    with pytest.raises(InvalidError, match="is there already"):
        make_backup(data, backup, WANTED)


@pytest.mark.parametrize("name", [BLOB_NAME, "deployflow.db", "keys/ca.pem", "output/000000/1.stdout"])
@pytest.mark.parametrize("harm", ["changed", "cut", "gone"])
async def test_damage_is_found_at_its_file(backup: Path, name: str, harm: str) -> None:
    path, raw = backup / name, (backup / name).read_bytes()
    path.unlink()
    if harm != "gone":
        middle = len(raw) // 2
        path.write_bytes(
            raw[:middle] + (bytes([raw[middle] ^ 1]) + raw[middle + 1 :] if harm == "changed" else b"")
        )
    with pytest.raises(DamagedBackupError, match=f"damaged: its file .*{name}"):
        verify_backup(backup)


async def test_a_database_that_is_damaged_in_itself_is_found(data: DataFolder, backup: Path) -> None:
    """Its hash may be right: it was written so."""
    manifest = (backup / "MANIFEST.json").read_text()
    database = backup / "deployflow.db"
    before = hashlib.sha256(database.read_bytes()).hexdigest()
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("INSERT INTO user_roles VALUES (77, 78)")
    after = hashlib.sha256(database.read_bytes()).hexdigest()
    (backup / "MANIFEST.json").write_text(manifest.replace(before, after))
    with pytest.raises(DamagedBackupError, match="rows lack their parents"):
        verify_backup(backup)


@pytest.mark.parametrize("text", ["", "{}", '{"id": 1}'])
async def test_a_manifest_that_is_none_is_refused(backup: Path, text: str) -> None:
    (backup / "MANIFEST.json").write_text(text)
    with pytest.raises(DamagedBackupError, match=r"MANIFEST\.json cannot be read"):
        verify_backup(backup)


@pytest.mark.parametrize("path", ["../x", "/etc/x", "c:x", "a\\\\b"])
async def test_a_manifest_that_leads_out_of_its_folder_is_refused(backup: Path, path: str) -> None:
    told = (backup / "MANIFEST.json").read_text()
    (backup / "MANIFEST.json").write_text(told.replace("keys/ca.pem", path))
    with pytest.raises(DamagedBackupError, match="it names the file"):
        read_manifest(backup)


async def test_the_shelf(data: DataFolder, backup: Path) -> None:
    shelf = Shelf(data.backups)
    assert shelf.new_id(WANTED.created_at) == f"{WANTED.id}-2"
    assert [one.is_good for one in shelf.all()] == [False]
    assert shelf.verify(WANTED.id, 5).is_good
    (backup / "keys/ca.pem").write_bytes(b"")
    found = shelf.verify(WANTED.id, 6)
    assert (found.is_good, found.verified_at, "ca.pem" in found.problem) == (False, 6, True)
    for bad in ("..", "20990101-000000", ".x", "../data"):
        with pytest.raises(NotFoundError):
            shelf.path(bad)
    shelf.delete(WANTED.id)
    assert list(data.backups.iterdir()) == []


async def test_what_a_kill_left_half_made_is_swept_up(data: DataFolder, backup: Path) -> None:
    shutil.copytree(backup, data.backups / f".{WANTED.id}-2.part")
    shelf = Shelf(data.backups)
    assert [one.id for one in shelf.all()] == [WANTED.id]
    shelf.sweep()
    assert [path.name for path in data.backups.iterdir()] == [WANTED.id]


async def test_a_backup_without_manifest_is_listed_as_damaged(data: DataFolder, backup: Path) -> None:
    (backup / "MANIFEST.json").unlink()
    (found,) = Shelf(data.backups).all()
    assert (found.manifest, found.is_good) == (None, False)
    assert "MANIFEST.json is missing" in found.problem


def shelved(backup_id: str, problem: str = "") -> ShelvedBackup:
    return ShelvedBackup(backup_id, _MANIFEST, Verified(1).at, problem)


_MANIFEST = Manifest("x", 1, "nightly", "1", "0013", "e", True, [])


def test_which_ones_are_kept() -> None:
    days = [f"202603{day:02d}-020000" for day in range(1, 29)]
    gone = expendable(map(shelved, days), daily=3, weekly=2)
    # The three newest days, and of the two newest weeks the newest each.
    assert sorted(set(days) - set(gone)) == [f"202603{day}-020000" for day in (22, 26, 27, 28)]
    assert expendable(map(shelved, days[:1]), daily=1, weekly=0) == []


def test_the_last_good_one_stays_however_old() -> None:
    good, bad = shelved("20260101-020000"), [shelved(f"202602{d:02d}-020000", "damaged") for d in range(1, 9)]
    assert expendable([good, *bad], daily=1, weekly=0) == []
    newer = shelved("20260301-020000")
    assert set(expendable([good, *bad, newer], daily=1, weekly=0)) == {good.id, *(one.id for one in bad)}
