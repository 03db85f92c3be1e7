"""The entries of a zip file, all of them checked against its directory before the first is opened."""

from __future__ import annotations

import stat
import struct
import zipfile
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

from backend_lite.core.security.archive_entries import (
    RATIO_FREE,
    Entry,
    Limits,
    broken,
    reading,
    refused,
    too_much,
)

ZIP = b"PK\x03\x04"
_ENCRYPTED = 0x01
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_END, _END_BYTES, _LONGEST_COMMENT = b"PK\x05\x06", 22, 0xFFFF
_LARGE_END, _LARGE_END_BYTES = b"PK\x06\x07", 20
_LOCAL_BYTES = 30
_DIRECTORY_BYTES = 512
"""Of an entry in the directory, on the average: what is longer than that is no directory of files."""


def zip_entries(file: BinaryIO, limits: Limits) -> Iterator[Entry]:
    """Raises ArchiveRefusedError, before the first entry for whatever the directory tells."""
    with reading():
        size = _check_directory(file, limits)
        archive = zipfile.ZipFile(file)
        found = archive.infolist()
        if sum(one.file_size for one in found) > limits.ratio * size + RATIO_FREE:
            raise too_much(f"it would grow to more than {limits.ratio} times its size")
        for one in found:
            _check(one)
        _check_places(file, found, archive.start_dir)
        for one in found:
            # zipfile cuts a name at its first NUL, and turns the separators of Windows.
            name = one.orig_filename
            yield Entry(name.removesuffix("/"), one.file_size, name.endswith("/"), partial(archive.open, one))


def _check_directory(file: BinaryIO, limits: Limits) -> int:
    """The size of the file. zipfile reads the whole directory, whatever number of entries it claims."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END_BYTES - _LONGEST_COMMENT - _LARGE_END_BYTES))
    tail = file.read()
    place = tail.rfind(_END)
    if place < 0 or len(tail) - place < _END_BYTES:
        raise broken()
    if tail[:place][-_LARGE_END_BYTES:].startswith(_LARGE_END):
        raise too_much("it has more than 65,535 entries or 4 GB")
    (directory,) = struct.unpack_from("<I", tail, place + 12)
    if directory > limits.entries * _DIRECTORY_BYTES:
        raise too_much(f"it has more than {limits.entries:,} entries, or very long names")
    return size


def _check(one: zipfile.ZipInfo) -> None:
    name, kind = one.orig_filename, stat.S_IFMT(one.external_attr >> 16)
    if one.flag_bits & _ENCRYPTED:
        raise refused(name, "is encrypted")
    if one.compress_type not in _METHODS:
        raise refused(name, "is compressed in an unusual way; deflate is understood")
    if kind == stat.S_IFLNK:
        raise refused(name, "is a link")
    if kind not in (0, stat.S_IFDIR if name.endswith("/") else stat.S_IFREG):
        raise refused(name, "is neither a file nor a folder")


def _check_places(file: BinaryIO, found: list[zipfile.ZipInfo], directory: int) -> None:
    """Raises where two entries share bytes, which makes much of little."""
    end = 0
    for one in sorted(found, key=lambda one: one.header_offset):
        if one.header_offset < end:
            raise refused(one.orig_filename, "shares its bytes with another")
        file.seek(one.header_offset)
        head = file.read(_LOCAL_BYTES)
        if len(head) < _LOCAL_BYTES or not head.startswith(ZIP):
            raise broken()
        name, extra = struct.unpack_from("<HH", head, 26)
        end = one.header_offset + _LOCAL_BYTES + name + extra + one.compress_size
    if end > directory:
        raise broken()
