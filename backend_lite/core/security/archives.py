"""Unpacking what somebody sent: a zip, a tar or a tar.gz, into a folder of this account's alone.

Whatever an archive says of itself is checked before its first byte is written (of a stream: before each
entry's), and what comes out is counted while it comes.
"""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from backend_lite.core.security.archive_entries import (
    ArchiveRefusedError,
    Entry,
    Limits,
    broken,
    reading,
    refused,
    too_much,
)
from backend_lite.core.security.archive_names import Taken, unfit
from backend_lite.core.security.archive_tar import tar_entries
from backend_lite.core.security.archive_zip import ZIP, zip_entries
from backend_lite.core.security.files import make_private_folder

__all__ = ["MOST_HELD", "ArchiveRefusedError", "Limits", "unpack"]

MOST_HELD = 1 << 20
_PIECE = 1 << 18


def unpack(
    archive: BinaryIO, target: Path, limits: Limits, *, held: Collection[str] = ()
) -> dict[str, bytes]:
    """Unpack into the folder `target`, which is made; files get neither times nor rights of the archive.

    What entries named in `held` contain is returned instead of written: at most MOST_HELD bytes of each. A
    zip must be seekable, a tar is read once from its beginning to its end. An archive within the archive is
    a file as any other.

    Raises ArchiveRefusedError with the sentence that names the entry, OSError; there is no `target` then.
    """
    make_private_folder(target)
    try:
        unpacking = _Unpacking(target, limits, frozenset(held))
        for entry in _admitted(archive, limits, unpacking):
            unpacking.write(entry)
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise
    return unpacking.held


def _admitted(archive: BinaryIO, limits: Limits, unpacking: _Unpacking) -> Iterable[Entry]:
    """A zip's entries all at once, before anything of it is written; a stream's one by one."""
    head = archive.read(len(ZIP))
    if head == ZIP:
        return [unpacking.admitted(entry) for entry in zip_entries(archive, limits)]
    return (unpacking.admitted(entry) for entry in tar_entries(head, archive, limits))


class _Unpacking:
    """One archive on its way to its folder."""

    def __init__(self, target: Path, limits: Limits, held: frozenset[str]) -> None:
        self._target = target
        self._limits = limits
        self.held: dict[str, bytes] = {}
        self._names = held
        self._taken = Taken()
        self._entries = self._total = 0

    def admitted(self, entry: Entry) -> Entry:
        """Raises ArchiveRefusedError for what is wrong with the entry, or one too many."""
        self._entries += 1
        self._total += entry.size
        if self._entries > self._limits.entries:
            raise too_much(f"it has more than {self._limits.entries:,} entries")
        if self._total > self._limits.total:
            raise too_much(f"it would grow to more than {self._limits.total:,} bytes")
        if (why := unfit(entry.name)) is not None:
            raise refused(entry.name, why)
        if entry.name in self._names and entry.size > MOST_HELD:
            raise refused(entry.name, f"is larger than {MOST_HELD:,} bytes")
        take = self._taken.folder if entry.is_folder else self._taken.file
        if not take(entry.name):
            raise refused(entry.name, "has the name of another, but for capitals or the way of writing it")
        return entry

    def write(self, entry: Entry) -> None:
        if entry.name in self._names and not entry.is_folder:
            self.held[entry.name] = b"".join(_content(entry))
            return
        place = self._target / entry.name
        folder = place if entry.is_folder else place.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not entry.is_folder:
            with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.writelines(_content(entry))


def _content(entry: Entry) -> Iterator[bytes]:
    """Its pieces. Raises ArchiveRefusedError where they are not as many bytes as the archive says."""
    came = 0
    with reading():
        with entry.open() or io.BytesIO() as file:
            while piece := file.read(_PIECE):
                came += len(piece)
                yield piece
        if came != entry.size:
            raise broken()
