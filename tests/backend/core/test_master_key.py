"""What the master key promises: sealed texts open in their place, with their key, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend_lite.core.security.key_file import KEY_BYTES
from backend_lite.core.security.master_key import KeySource, MasterKey, open_master_key
from backend_lite.errors import ConflictError, StartError


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "master.key"


def _opened(path: Path) -> MasterKey:
    return open_master_key(path, "of this test")


@settings(max_examples=50, deadline=None)
@given(plain=st.text(), purpose=st.text(max_size=40))
def test_what_is_sealed_opens_again(
    tmp_path_factory: pytest.TempPathFactory, plain: str, purpose: str
) -> None:
    plain, purpose = (text.encode("utf-8", "ignore").decode() for text in (plain, purpose))
    key = _opened(tmp_path_factory.mktemp("key") / "master.key")
    sealed = key.seal(purpose, plain)
    assert key.open(purpose, sealed) == plain
    assert plain not in sealed or len(plain) < 3


def test_the_same_text_is_never_sealed_alike(key_file: Path) -> None:
    key = _opened(key_file)
    assert key.seal("x", "text") != key.seal("x", "text")


def test_it_opens_after_a_restart_and_nowhere_else(key_file: Path, tmp_path: Path) -> None:
    sealed = _opened(key_file).seal("settings/mail", "hunter2")
    assert _opened(key_file).open("settings/mail", sealed) == "hunter2"
    for other in (_opened(key_file), _opened(tmp_path / "other.key")):
        purpose = "settings/chat" if other.is_current(sealed) else "settings/mail"
        with pytest.raises(ConflictError, match="a key that is not here"):
            other.open(purpose, sealed)


def test_every_changed_character_is_noticed(key_file: Path) -> None:
    key = _opened(key_file)
    sealed = key.seal("x", "hunter2")
    for place, character in enumerate(sealed):
        forged = sealed[:place] + ("B" if character != "B" else "C") + sealed[place + 1 :]
        with pytest.raises(ConflictError):
            key.open("x", forged)


def test_a_rotation_keeps_what_is_not_encrypted_anew_yet(key_file: Path) -> None:
    key = _opened(key_file)
    old = key.seal("x", "hunter2")
    key.begin_rotation()
    again = _opened(key_file)
    assert (again.open("x", old), again.is_current(old)) == ("hunter2", False)
    new = again.seal("x", again.open("x", old))
    assert again.is_current(new)
    again.end_rotation()
    assert key_file.stat().st_size == KEY_BYTES
    last = _opened(key_file)
    assert last.open("x", new) == "hunter2"
    with pytest.raises(ConflictError):
        last.open("x", old)


def test_without_a_key_nothing_is_sealed_and_the_way_out_is_named() -> None:
    key = open_master_key(None, "of this test", keyring_allowed=False)
    assert (key.source, "--key-file" in key.problem) == (KeySource.NONE, True)
    for act in (lambda: key.seal("x", "hunter2"), key.begin_rotation):
        with pytest.raises(ConflictError, match="--key-file"):
            act()


@pytest.mark.parametrize("size", [0, 1, 31, 33, 9 * 32])
def test_what_is_no_key_file_is_refused(key_file: Path, size: int) -> None:
    key_file.write_bytes(b"x" * size)
    with pytest.raises(StartError, match="no key file"):
        _opened(key_file)
