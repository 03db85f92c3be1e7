"""Which uploads are begun and not ended, so that the same file goes on where it was, also after a crash."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import msgspec

_MOST = 50


class FileKey(msgspec.Struct, frozen=True):
    """A file as it is now: another size or time is another file."""

    path: str
    size: int
    changed_ns: int


class _Entry(msgspec.Struct):
    prefix: str
    key: FileKey
    upload_id: str


class UploadMemory:
    """Without a `file` it lasts as long as the window. What cannot be written is only forgotten."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._entries = _read(file)

    def recall(self, prefix: str, key: FileKey) -> str:
        """The id of the upload; empty when there is none."""
        found = (one.upload_id for one in self._entries if (one.prefix, one.key) == (prefix, key))
        return next(found, "")

    def remember(self, prefix: str, key: FileKey, upload_id: str) -> None:
        self.forget(prefix, key)
        self._entries = [*self._entries[-_MOST:], _Entry(prefix, key, upload_id)]
        self._write()

    def forget(self, prefix: str, key: FileKey) -> None:
        kept = [one for one in self._entries if (one.prefix, one.key) != (prefix, key)]
        if len(kept) < len(self._entries):
            self._entries = kept
            self._write()

    def _write(self) -> None:
        if self._file is None:
            return
        partial = self._file.with_suffix(".part")
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(msgspec.json.encode(self._entries))
            partial.replace(self._file)


def _read(file: Path | None) -> list[_Entry]:
    if file is None:
        return []
    try:
        return msgspec.json.decode(file.read_bytes(), type=list[_Entry])
    except (OSError, msgspec.DecodeError):
        return []
