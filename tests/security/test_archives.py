"""Archives that were made to do harm do none, and leave nothing behind."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from backend_lite.core.security.archive_names import unfit
from backend_lite.core.security.archives import MOST_HELD, ArchiveRefusedError, Limits, unpack
from tests.backend.backups.conftest import tree
from tests.security.hostile_archives import HARMLESS, LIMITS, harm_of_all, harmless, hostile, tar_of, zip_of


def test_each_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    tried = [one.name for one in hostile()]
    assert len(tried) == len(set(tried)) > 100
    assert harm_of_all(tmp_path) == []


def test_a_sentence_shows_no_control_characters(tmp_path: Path) -> None:
    with pytest.raises(ArchiveRefusedError) as raised:
        unpack(io.BytesIO(zip_of(("\x1b[2J" + "x" * 500, b""))), tmp_path / "out", LIMITS)
    assert raised.value.detail.isprintable()
    assert len(raised.value.detail) < 300


def test_a_harmless_one_comes_out_as_it_was(tmp_path: Path) -> None:
    for kind, archive in harmless().items():
        assert unpack(io.BytesIO(archive), tmp_path / kind, LIMITS) == {}
        assert tree(tmp_path / kind) == HARMLESS


def test_what_comes_out_is_this_accounts_alone(tmp_path: Path) -> None:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as archive:
        for told in (tarfile.TarInfo("."), tarfile.TarInfo("./bin"), tarfile.TarInfo("./bin/run")):
            told.mode = 0o6777
            told.type = tarfile.REGTYPE if told.name.endswith("run") else tarfile.DIRTYPE
            archive.addfile(told)
    raw.seek(0)
    unpack(raw, tmp_path / "out", LIMITS)
    modes = {
        path.name: path.stat().st_mode & 0o7777 for path in [tmp_path / "out", *(tmp_path / "out").rglob("*")]
    }
    assert modes == {"out": 0o700, "bin": 0o700, "run": 0o600}


def test_what_is_held_comes_to_no_disk(tmp_path: Path) -> None:
    for n, archive in enumerate((zip_of(("key", b"k"), ("x", b"y")), tar_of(("key", b"k"), ("x", b"y")))):
        assert unpack(io.BytesIO(archive), tmp_path / f"{n}", LIMITS, held=["key", "none"]) == {"key": b"k"}
        assert tree(tmp_path / f"{n}") == {"x": b"y"}
    large = tar_of(("key", bytes(MOST_HELD + 1)))
    with pytest.raises(ArchiveRefusedError, match="larger than 1,048,576 bytes"):
        unpack(io.BytesIO(large), tmp_path / "large", LIMITS, held=["key"])


def test_an_archive_in_an_archive_stays_one(tmp_path: Path) -> None:
    inner = zip_of(("x", bytes(1 << 20)))
    unpack(io.BytesIO(zip_of(("inner.zip", inner))), tmp_path / "out", LIMITS)
    assert tree(tmp_path / "out") == {"inner.zip": inner}


def test_a_folder_that_is_there_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "x").write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        unpack(io.BytesIO(zip_of(("x", b"y"))), tmp_path / "there", LIMITS)
    assert tree(tmp_path) == {"there/x": b"mine"}


def test_a_full_disk_is_no_fault_of_the_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_entry: object) -> Iterator[bytes]:
        yield b""
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("backend_lite.core.security.archives._content", full)
    for archive in harmless().values():
        with pytest.raises(OSError, match="No space left"):
            unpack(io.BytesIO(archive), tmp_path / "out", LIMITS)
        assert list(tmp_path.iterdir()) == []


@given(some.data())
def test_whatever_is_changed_in_one_it_is_refused_or_stays_in_its_place(
    tmp_path_factory: pytest.TempPathFactory, data: some.DataObject
) -> None:
    archive = bytearray(data.draw(some.sampled_from(sorted(_SMALL.items())))[1])
    for _ in range(data.draw(some.integers(1, 4))):
        archive[data.draw(some.integers(0, len(archive) - 1))] = data.draw(some.integers(0, 255))
    folder = tmp_path_factory.mktemp("changed")
    try:
        unpack(io.BytesIO(archive), folder / "out", Limits(entries=10, total=5_000))
    except ArchiveRefusedError:
        assert list(folder.iterdir()) == []
    else:
        assert [path.name for path in folder.iterdir()] == ["out"]
        assert not any(unfit(name) for name in tree(folder))


_FEW = (("a.txt", b"hello"), ("b/c", bytes(2_000)))
_SMALL = {
    "zip": zip_of(*_FEW), "stored": zip_of(*_FEW, method=zipfile.ZIP_STORED), "tar": tar_of(*_FEW)[:5_120],
    "tar.gz": gzip.compress(tar_of(*_FEW)),
}  # fmt: skip


@given(some.text())
def test_a_name_that_is_fit_stays_in_its_folder(name: str) -> None:
    if unfit(name) is None:
        assert (Path("/folder") / name).resolve().is_relative_to("/folder")
        assert "\\" not in name
