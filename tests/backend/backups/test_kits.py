"""Recovery kits: one file, one passphrase, and no byte of it can be another."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from backend_lite.config import DataFolder
from backend_lite.core.backup import sealed
from backend_lite.core.backup.kit import open_kit, write_kit
from backend_lite.core.backup.make import Wanted, make_backup
from backend_lite.core.backup.sealed import CHUNK, Header, OpenedFile, SealingFile
from backend_lite.core.backup.verify import verify_backup
from backend_lite.errors import InvalidError, StartError
from tests.backend.backups.conftest import tree

PASSPHRASE = "five quite unrelated words here"
KEYS = (b"new" + bytes(29), b"old" + bytes(29))


def seal(plain: bytes, passphrase: str = PASSPHRASE) -> bytes:
    target = io.BytesIO()
    sealing = SealingFile(target, passphrase)
    for start in range(0, len(plain), 300_000):
        sealing.write(plain[start : start + 300_000])
    sealing.close()
    return target.getvalue()


def opened(raw: bytes, passphrase: str = PASSPHRASE) -> bytes:
    return OpenedFile(io.BytesIO(raw), passphrase).read()


@pytest.fixture
def kit(data: DataFolder, tmp_path: Path) -> Path:
    backup = tmp_path / "backup"
    make_backup(data, backup, Wanted("x", 1, "kit"))
    target = tmp_path / "fleet.kit"
    write_kit(backup, KEYS, target, PASSPHRASE)
    return target


@pytest.mark.anyio
async def test_a_kit_brings_everything_back(kit: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert open_kit(kit, PASSPHRASE, out) == KEYS
    assert tree(out) == tree(tmp_path / "backup")
    assert verify_backup(out).reason == "kit"
    assert b"PRIVATE KEY" not in tree(tmp_path)["fleet.kit"]


@pytest.mark.anyio
async def test_another_passphrase_opens_nothing(kit: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="passphrase does not open this recovery kit"):
        open_kit(kit, PASSPHRASE + " ", tmp_path / "out")


@pytest.mark.anyio
async def test_a_kit_that_ends_early_or_goes_on_is_refused(kit: Path, tmp_path: Path) -> None:
    raw = tree(tmp_path)[kit.name]
    for n, changed in enumerate((raw[:-1], raw[:-40], raw + b"x", raw[: len(raw) // 2])):
        (tmp_path / "other.kit").write_bytes(changed)
        with pytest.raises(InvalidError):
            open_kit(tmp_path / "other.kit", PASSPHRASE, tmp_path / f"out{n}")


@pytest.mark.anyio
async def test_without_room_it_stays_closed(kit: Path, tmp_path: Path) -> None:
    with pytest.raises(StartError, match="no room to open the kit"):
        open_kit(kit, PASSPHRASE, tmp_path / "out", free=lambda _folder: 1000)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 7])
def test_any_size_comes_back(size: int) -> None:
    plain = bytes(range(256)) * (size // 256 + 1)
    assert opened(seal(plain[:size])) == plain[:size]


def test_every_changed_byte_of_a_small_one_is_noticed() -> None:
    raw = seal(b"what is in it")
    for place in range(len(raw)):
        changed = bytearray(raw)
        changed[place] ^= 1
        with pytest.raises(InvalidError):
            opened(bytes(changed))


_LONG = bytes(2 * CHUNK + 100)


@given(place=some.floats(0, 1), flip=some.integers(1, 255))
def test_any_changed_byte_of_a_long_one_is_noticed(place: float, flip: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sealed, "new_header", lambda: Header(b"s" * 16, b"p" * 7, 1, 8, 1))
        changed = bytearray(seal(_LONG))
    changed[min(int(place * len(changed)), len(changed) - 1)] ^= flip
    with pytest.raises(InvalidError):
        opened(bytes(changed))


def test_chunks_cannot_be_swapped_left_out_or_repeated() -> None:
    raw = seal(_LONG)
    head = len(raw) - len(_LONG) - 3 * 16
    first, second, last = (raw[head + n * (CHUNK + 16) :][: CHUNK + 16] for n in range(3))
    for parts in (
        (second, first, last),
        (first, last),
        (first, second),
        (first, first, second, last),
        (last,),
    ):
        with pytest.raises(InvalidError):
            opened(raw[:head] + b"".join(parts))


def test_a_header_that_asks_for_too_much_is_refused_before_it_costs_anything() -> None:
    for wrong in (Header(b"s" * 16, b"p" * 7, memory=1 << 30), Header(b"s" * 16, b"p" * 7, time=10**9)):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(sealed, "_key", lambda *_: b"k" * 32)
            patched.setattr(sealed, "new_header", lambda wrong=wrong: wrong)
            raw = seal(b"x")
        with pytest.raises(InvalidError, match="damaged"):
            opened(raw)
    with pytest.raises(InvalidError, match="no recovery kit"):
        opened(b"PK\x03\x04")
