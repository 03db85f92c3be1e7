"""Archives that somebody made to do harm, and the words with which each is refused."""

from __future__ import annotations

import gzip
import io
import random
import re
import shutil
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from backend_lite.core.security.archives import ArchiveRefusedError, Limits, unpack

LIMITS = Limits(entries=100, total=8 << 20, ratio=100)
HARMLESS = {"readme.txt": b"hello", "bin/run": b"#!/bin/sh\n", "bin/Größe": bytes(300_000)}


@dataclass(frozen=True)
class Hostile:
    name: str
    archive: bytes
    words: str


def harm_of_all(folder: Path) -> list[str]:
    """Unpacks each of them into a folder within `folder`, and tells which were not refused as they ought to
    be, or left something behind."""
    return [f"{one.name}: {harm}" for one in hostile() if (harm := _harm(one, folder)) is not None]


def _harm(one: Hostile, folder: Path) -> str | None:
    try:
        unpack(io.BytesIO(one.archive), folder / "target", LIMITS)
    except ArchiveRefusedError as refused:
        if re.search(one.words, refused.detail) is None:
            return refused.detail
    else:
        shutil.rmtree(folder / "target")
        return "taken"
    return "something was left" if list(folder.iterdir()) else None


def harmless() -> dict[str, bytes]:
    """The same content in each form that is taken."""
    tar = tar_of(*HARMLESS.items())
    stored = zip_of(*HARMLESS.items(), method=zipfile.ZIP_STORED)
    return {"zip": zip_of(*HARMLESS.items()), "stored zip": stored, "tar": tar, "tar.gz": gzip.compress(tar)}


def hostile() -> Iterator[Hostile]:
    for name, why in _NAMES.items():
        yield Hostile(f"zip with {name!r}", zip_of((name, b"x")), why)
        # tarfile itself writes no name with a NUL in it, and turns none.
        if "\0" not in name:
            yield Hostile(f"tar with {name!r}", tar_of((name, b"x")), why)
    for one, other in _TWINS:
        for kind, pack in (("zip", zip_of), ("tar", tar_of)):
            yield Hostile(
                f"{kind} with {one!r} and {other!r}", pack((one, b"1"), (other, b"2")), "name of another"
            )
    for kind, typed in _KINDS.items():
        yield Hostile(f"tar with a {kind}", tar_of(typed=typed), "is a link|neither a file nor a folder")
    for kind, mode in (
        ("link", 0o120777),
        ("device", 0o020666),
        ("pipe", 0o010666),
        ("false folder", 0o040755),
    ):
        yield Hostile(
            f"zip with a {kind}", zip_of(("x", b"/etc/passwd"), mode=mode), "is a link|neither a file nor"
        )
    many = [(f"f{number}", b"") for number in range(LIMITS.entries + 1)]
    yield Hostile("zip of too many", zip_of(*many), "more than 100 entries")
    yield Hostile("tar of too many", tar_of(*many), "more than 100 entries")
    yield Hostile("zip with a directory of its own size", _endless_directory(), "more than 100 entries")
    yield Hostile("zip that says it is larger than a zip", _zip64(), "65,535 entries or 4 GB")
    large = [(f"f{number}", random.Random(number).randbytes(1 << 20)) for number in range(9)]  # noqa: S311
    yield Hostile("zip of too much", zip_of(*large), "more than 8,388,608 bytes")
    yield Hostile("tar of too much", tar_of(*large), "more than 8,388,608 bytes")
    yield Hostile("tar.gz of too much", gzip.compress(tar_of(*large)), "more than 8,388,608 bytes")
    yield Hostile("zip bomb", zip_of(("x", bytes(6 << 20))), "100 times its size")
    yield Hostile("tar.gz bomb", gzip.compress(tar_of(("x", bytes(6 << 20)))), "100 times its size")
    yield Hostile("zip that understates", _resaid(bytes(6 << 20), 5), "damaged")
    yield Hostile("zip that overstates", _resaid(b"x" * 90, 5000), "damaged")
    yield Hostile("zip with overlapping entries", _overlapping(), "shares its bytes")
    yield Hostile("zip, encrypted", _flagged(0x01), "is encrypted")
    yield Hostile(
        "zip, compressed by other means", zip_of(("x", b"y"), method=zipfile.ZIP_LZMA), "unusual way"
    )
    yield Hostile("zip with two names for one entry", _renamed(), "damaged")
    yield Hostile("tar with an endless name", _endless_name(), "endless name")
    yield Hostile("tar of headers for headers", _headers_only(), "damaged")
    yield Hostile("tar with a hole", tar_of(typed=tarfile.GNUTYPE_SPARSE), "neither a file nor")
    for kind, archive in harmless().items():
        # Of a tar, the first of these is where an entry ends, and its padding may be missing.
        for end in (min(1024, len(archive) - 9), len(archive) // 2, len(archive) * 2 // 3):
            yield Hostile(f"{kind}, the first {end} bytes", archive[:end], "damaged")
        yield Hostile(f"{kind} with more behind it", archive + b"x" * 70_000, "damaged")
    for raw in (
        b"",
        b"PK",
        b"\x1f\x8b",
        b"MZ" * 500,
        b"PK\x05\x06" + bytes(18),
        b"PK\x03\x04" * 99,
    ):
        yield Hostile(f"{raw[:4]!r}, which is none", raw, "damaged")


_OUT, _WHOLE, _CONTROL = "leads out of its folder", "names a place on the whole machine", "control characters"
_WINDOWS, _DEVICE, _DROPPED = "Windows does not allow", "a device of Windows", "ends with a dot or a space"
_NAMES = {
    "../x": _OUT, "a/../../x": _OUT, "a/./x": _OUT, "a//x": _OUT, "..": _OUT, "a/..": _OUT,
    "/etc/x": _WHOLE, "//server/share/x": _WHOLE, "\\\\server\\share\\x": _WHOLE, "C:x": _WHOLE,
    "C:\\x": _WHOLE, "c:/x": _WHOLE, "\\x": _WHOLE,
    "..\\x": _WINDOWS, "a\\..\\..\\x": _WINDOWS, "file:stream": _WINDOWS, "a/x?": _WINDOWS, "a/b|c": _WINDOWS,
    "CON": _DEVICE, "a/nul.txt": _DEVICE, "com1": _DEVICE, "lpt9.log/x": _DEVICE, "COM¹": _DEVICE,
    "conin$": _DEVICE, "aux .txt": _DEVICE,
    "x.": _DROPPED, "x ": _DROPPED, "a./x": _DROPPED, "...": _DROPPED,
    "a\nb": _CONTROL, "\x1b[2J": _CONTROL, "a\x00/../../x": _CONTROL, "x\x7f": _CONTROL,
    "é" * 200: "more than 255 bytes", "a/" * 600 + "x": "a name of 1,201 characters",
}  # fmt: skip
_TWINS = (
    ("a", "a"), ("a", "A"), ("Straße", "STRASSE"), ("é", "e\u0301"), ("ﬁ", "fi"), ("a", "a/b"), ("a/b", "a"),
    ("a/x", "A/y"),
)  # fmt: skip
_KINDS = {
    "link": tarfile.SYMTYPE, "hard link": tarfile.LNKTYPE, "character device": tarfile.CHRTYPE,
    "block device": tarfile.BLKTYPE, "pipe": tarfile.FIFOTYPE,
}  # fmt: skip


def zip_of(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED, mode: int = 0) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        for name, content in files:
            told = zipfile.ZipInfo("placeholder")
            # The constructor would make the name harmless.
            told.filename = name
            told.external_attr, told.compress_type = mode << 16, method
            archive.NameToInfo.clear()
            with archive.open(told, "w") as entry:
                entry.write(content)
    return raw.getvalue()


def tar_of(*files: tuple[str, bytes], typed: bytes | None = None) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in files:
            told = tarfile.TarInfo(name)
            told.size = len(content)
            archive.addfile(told, io.BytesIO(content))
        if typed is not None:
            told = tarfile.TarInfo("inside")
            told.type, told.linkname = typed, "/etc/passwd"
            archive.addfile(told)
    return raw.getvalue()


def _patched(archive: bytes, change: Callable[[bytearray, int, int], None]) -> bytes:
    """`change` gets the archive and where its first entry stands, in its place and in the directory."""
    changed = bytearray(archive)
    change(changed, 0, archive.rindex(b"PK\x01\x02"))
    return bytes(changed)


def _resaid(content: bytes, size: int) -> bytes:
    """An entry that says it holds `size` bytes."""

    def change(raw: bytearray, here: int, directory: int) -> None:
        struct.pack_into("<I", raw, here + 22, size)
        struct.pack_into("<I", raw, directory + 24, size)

    return _patched(zip_of(("x", content)), change)


def _flagged(flag: int) -> bytes:
    def change(raw: bytearray, here: int, directory: int) -> None:
        raw[here + 6] |= flag
        raw[directory + 8] |= flag

    return _patched(zip_of(("x", b"y")), change)


def _renamed() -> bytes:
    def change(raw: bytearray, here: int, _directory: int) -> None:
        raw[here + 30 : here + 31] = b"z"

    return _patched(zip_of(("x", b"y")), change)


def _overlapping() -> bytes:
    """Two entries of the directory for one place in the file: of one kernel, many copies."""
    archive = zip_of(("x", b"y" * 500))
    directory, end = archive.rindex(b"PK\x01\x02"), archive.rindex(b"PK\x05\x06")
    entry = archive[directory:end]
    other = bytearray(entry)
    other[46:47] = b"z"
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 2, 2, 2 * len(entry), directory, 0)
    return archive[:directory] + entry + bytes(other) + tail


def _endless_directory() -> bytes:
    archive = zip_of(("x", b"y"))
    directory, end = archive.rindex(b"PK\x01\x02"), archive.rindex(b"PK\x05\x06")
    entries = archive[directory:end] * 2_000
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1, 1, len(entries), directory, 0)
    return archive[:directory] + entries + tail


def _zip64() -> bytes:
    archive = zip_of(("x", b"y"))
    end = archive.rindex(b"PK\x05\x06")
    large = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, 47, 31)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, end, 1)
    return archive[:end] + large + locator + archive[end:]


def _endless_name() -> bytes:
    told = tarfile.TarInfo("name")
    told.type, told.size = tarfile.GNUTYPE_LONGNAME, 4 << 20
    return told.tobuf(tarfile.GNU_FORMAT) + b"x" * (4 << 20) + tar_of(("x", b"y"))


def _headers_only() -> bytes:
    record = b"13 path=12345\n"[:13] + b"\n"
    told = tarfile.TarInfo("name")
    told.type, told.size = tarfile.XHDTYPE, len(record)
    return (told.tobuf(tarfile.USTAR_FORMAT) + record.ljust(512, b"\0")) * 2_000
