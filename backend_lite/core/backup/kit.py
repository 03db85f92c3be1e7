"""Recovery kits: a backup and the master key in one file that a passphrase opens."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, cast

from backend_lite.core.backup.manifest import MANIFEST, read_manifest
from backend_lite.core.backup.sealed import DAMAGED, OpenedFile, SealingFile
from backend_lite.core.blobs import disk_free
from backend_lite.core.durable import sync_folder
from backend_lite.core.security.archives import ArchiveRefusedError, Limits, unpack
from backend_lite.core.security.key_file import KEY_BYTES
from backend_lite.errors import InvalidError, StartError

_MASTER = "master.key"
_ROOM_LEFT = 64 << 20
_MOST_FILES = 10_000_000


def write_kit(backup: Path, keys: Sequence[bytes], target: Path, passphrase: str) -> None:
    """Pack a verified backup. `target` is whole and durable on return, or not there. Raises OSError."""
    part = target.with_name(f".{target.name}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            _pack(backup, keys, SealingFile(file, passphrase))
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    sync_folder(target.parent)


def open_kit(
    kit: Path, passphrase: str, target: Path, *, free: Callable[[Path], int] = disk_free
) -> tuple[bytes, ...]:
    """Unpack the backup into the folder `target`, which is made; the master keys, newest first.

    Raises InvalidError for a wrong passphrase or a damaged file, StartError where there is no room; there is
    no `target` then.
    """
    size, there = kit.stat().st_size, free(target.parent)
    if there < size + _ROOM_LEFT:
        raise StartError(
            f"There is no room to open the kit: it needs {(size + _ROOM_LEFT) >> 20} MB, and {target.parent} "
            f"has {there >> 20} MB free."
        )
    limits = Limits(entries=_MOST_FILES, total=size)
    with kit.open("rb") as file:
        opened = OpenedFile(file, passphrase)
        try:
            held = unpack(cast("BinaryIO", opened), target, limits, held=[_MASTER])
        except ArchiveRefusedError as error:
            raise InvalidError(DAMAGED, code="damaged_kit") from error
    keys = held.get(_MASTER, b"")
    return tuple(keys[start : start + KEY_BYTES] for start in range(0, len(keys), KEY_BYTES))


def _pack(backup: Path, keys: Sequence[bytes], sealing: SealingFile) -> None:
    manifest = read_manifest(backup)
    with tarfile.open(fileobj=cast("BinaryIO", sealing), mode="w|", format=tarfile.PAX_FORMAT) as tar:
        _add(tar, _MASTER, io.BytesIO(b"".join(keys)), KEY_BYTES * len(keys))
        for name in (MANIFEST, *(file.path for file in manifest.files)):
            path = backup / name
            with path.open("rb") as file:
                _add(tar, name, file, path.stat().st_size)
    sealing.close()


def _add(tar: tarfile.TarFile, name: str, content: BinaryIO, size: int) -> None:
    told = tarfile.TarInfo(name)
    told.size, told.mode = size, 0o600
    tar.addfile(told, content)
