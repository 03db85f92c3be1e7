"""What was typed and not saved yet: kept in files, so that neither a crash nor a power cut takes it away."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")
E = TypeVar("E")
_KEY = re.compile(r"[A-Za-z0-9._-]{1,80}")


class Draft(msgspec.Struct, Generic[E]):
    """`edited` was begun on `base`, which was `version` of the object (0: a new one). `file` is the path of
    a file that was on its way."""

    edited: E
    base: E
    version: int
    saved_at: str
    file: str = ""


class Drafts(Generic[T]):
    """One file a draft, readable by this user only: a script may hold secrets. Keys are simple names."""

    def __init__(self, folder: Path, kind: type[T]) -> None:
        self._folder = folder
        self._kind = kind

    def save(self, key: str, draft: T) -> None:
        """Replaces the draft as a whole. Raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._path(key)
        partial = path.with_suffix(".part")
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.encode(draft))
        partial.replace(path)

    def load(self, key: str) -> T | None:
        """None when there is none, or none that can be read."""
        try:
            return msgspec.json.decode(self._path(key).read_bytes(), type=self._kind)
        except (OSError, msgspec.DecodeError):
            return None

    def drop(self, key: str) -> None:
        with contextlib.suppress(OSError):
            self._path(key).unlink()

    def keys(self) -> list[str]:
        return sorted(path.stem for path in self._folder.glob("*.json"))

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise ValueError(f"not the key of a draft: {key!r}")
        return self._folder / f"{key}.json"
