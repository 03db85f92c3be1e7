"""The master key as a file, for machines without a keyring: one or several keys, the newest first."""

from __future__ import annotations

import secrets
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

from backend_lite.core.security.files import write_private
from backend_lite.errors import StartError

KEY_BYTES = 32
_MOST_KEYS = 8
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def ensure_key_file(path: Path) -> None:
    """Make the key when there is none. Raises StartError for what is no key, or readable by others."""
    try:
        if not path.exists():
            write_private(path, secrets.token_bytes(KEY_BYTES))
        size, mode = path.stat().st_size, path.stat().st_mode
    except OSError as error:
        raise StartError(f"The key file {path} cannot be used ({error.strerror}).") from error
    if size % KEY_BYTES or not 0 < size <= _MOST_KEYS * KEY_BYTES:
        raise StartError(
            f"{path} is no key file: it has {size} bytes, a key has {KEY_BYTES}. "
            "Name the right file, or one that does not exist yet to have it made."
        )
    if sys.platform != "win32" and mode & _OTHERS:
        raise StartError(f"Others can read the key file {path}. Take that right away: chmod 600 {path}")


def read_keys(path: Path) -> tuple[bytes, ...]:
    """The keys of a file that `ensure_key_file` has passed."""
    raw = path.read_bytes()
    return tuple(raw[start : start + KEY_BYTES] for start in range(0, len(raw), KEY_BYTES))


def write_keys(path: Path, keys: Sequence[bytes]) -> None:
    """Put them in place at once."""
    write_private(path, b"".join(keys))
