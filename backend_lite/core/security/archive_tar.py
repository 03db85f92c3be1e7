"""The entries of a tar or tar.gz, read once from beginning to end."""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Iterator
from functools import partial
from typing import IO, BinaryIO, Protocol, cast

from backend_lite.core.security.archive_entries import (
    RATIO_FREE,
    ArchiveRefusedError,
    Entry,
    Limits,
    broken,
    reading,
    refused,
    too_much,
)

_GZIP = b"\x1f\x8b"
_GZIP_FORM = 31
_CHUNK = 1 << 16
_LONG_HEADER = 1 << 16
_HEADERS_ONLY = frozenset(
    {
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.SOLARIS_XHDTYPE,
        tarfile.GNUTYPE_LONGNAME,
        tarfile.GNUTYPE_LONGLINK,
    }
)
_END = bytes(1024)


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def tar_entries(head: bytes, archive: BinaryIO, limits: Limits) -> Iterator[Entry]:
    """`head` was read from the archive already. An entry's content must be read before the next is asked
    for. Raises ArchiveRefusedError at the entry that is wrong, or at the end where that is missing."""
    source: _Readable = _Joined(head, archive)
    if head.startswith(_GZIP):
        source = _Inflated(source, limits.ratio)
    stream = _Watched(source)
    with reading(), tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r|", tarinfo=_Told) as tar:
        while (told := tar.next()) is not None:
            # The library remembers every entry that it has seen.
            tar.members = []  # type: ignore[attr-defined]
            name = told.name.removeprefix("./")
            _check(told, name)
            if name != ".":
                yield Entry(name, told.size, told.isdir(), partial(tar.extractfile, told))
        while stream.read(_CHUNK):
            pass
        if stream.tail != _END:
            raise broken()


def _check(told: tarfile.TarInfo, name: str) -> None:
    if told.issym() or told.islnk():
        raise refused(name, "is a link")
    if told.issparse() or not (told.isreg() or told.isdir()):
        raise refused(name, "is neither a file nor a folder")
    if told.size < 0:
        raise broken()


class _Told(tarfile.TarInfo):
    def _proc_member(self, tar: tarfile.TarFile) -> tarfile.TarInfo:
        # Names of any length are read into memory, whole.
        if self.type in _HEADERS_ONLY and self.size > _LONG_HEADER:
            raise ArchiveRefusedError("The archive is refused: one of its entries has an endless name.")
        told: tarfile.TarInfo = super()._proc_member(tar)  # type: ignore[misc]
        return told


class _Joined:
    """What was read already, and the rest."""

    def __init__(self, head: bytes, rest: _Readable) -> None:
        self._head = head
        self._rest = rest

    def read(self, size: int, /) -> bytes:
        if self._head:
            taken, self._head = self._head[:size], self._head[size:]
            return taken
        return self._rest.read(size)


class _Inflated:
    """The content of a gzip file, of several members one after the other."""

    def __init__(self, source: _Readable, ratio: int) -> None:
        self._source = source
        self._ratio = ratio
        self._member = zlib.decompressobj(_GZIP_FORM)
        self._waiting = b""
        self._taken = self._given = 0

    def read(self, size: int, /) -> bytes:
        """Fewer bytes than `size` also before the end; none only there."""
        while True:
            piece = self._member.decompress(self._waiting, size)
            self._waiting = self._member.unused_data or self._member.unconsumed_tail
            if piece:
                return self._counted(piece)
            if self._member.eof:
                if not self._waiting and not self._more():
                    return b""
                self._member = zlib.decompressobj(_GZIP_FORM)
            elif not self._waiting and not self._more():
                raise broken()

    def _more(self) -> bool:
        self._waiting = self._source.read(_CHUNK)
        self._taken += len(self._waiting)
        return bool(self._waiting)

    def _counted(self, piece: bytes) -> bytes:
        self._given += len(piece)
        if self._given > self._ratio * self._taken + RATIO_FREE:
            raise too_much(f"it would grow to more than {self._ratio} times its size")
        return piece


class _Watched:
    """Reads whole blocks, and knows with what it ended."""

    def __init__(self, source: _Readable) -> None:
        self._source = source
        self.tail = b""

    def read(self, size: int, /) -> bytes:
        pieces, wanted = [], size
        while wanted and (piece := self._source.read(wanted)):
            pieces.append(piece)
            wanted -= len(piece)
        whole = b"".join(pieces)
        if whole:
            self.tail = (self.tail + whole)[-len(_END) :]
        return whole
