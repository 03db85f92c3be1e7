"""What a backup says of itself: MANIFEST.json beside its files."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from backend_lite.core.security.archive_names import unfit
from backend_lite.core.security.files import write_private
from backend_lite.errors import InvalidError

MANIFEST = "MANIFEST.json"
DATABASE = "deployflow.db"
FORM = 1
_CHUNK = 1 << 20


class BackupFile(msgspec.Struct, frozen=True):
    """`path` is relative, with slashes. `size` in bytes; `sha256` 64 hex digits."""

    path: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """`created_at` in milliseconds since 1970. `schema` is the revision of the database, `version` that of
    the program, `service_epoch` the life of the database that it was taken of. The master key is in no
    backup."""

    id: str
    created_at: int
    reason: str
    version: str
    schema: str
    service_epoch: str
    with_output: bool
    files: list[BackupFile]
    form: int = FORM

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)


class DamagedBackupError(InvalidError):
    """The backup is not whole; the text names the file."""

    code = "damaged_backup"


def write_manifest(folder: Path, manifest: Manifest) -> None:
    write_private(folder / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))


def read_manifest(folder: Path) -> Manifest:
    """Raises DamagedBackupError where there is none that can be read."""
    path = folder / MANIFEST
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError as error:
        raise DamagedBackupError(
            f"{folder} is no backup: {MANIFEST} is missing. Name the folder in which that file lies."
        ) from error
    except (OSError, msgspec.DecodeError) as error:
        raise DamagedBackupError(f"The backup is damaged: {path} cannot be read ({error}).") from error
    if manifest.form > FORM:
        raise DamagedBackupError(
            f"The backup {folder} was made by DeployFlow {manifest.version}, which writes another form. "
            "Restore it with that version."
        )
    if bad := next((file.path for file in manifest.files if unfit(file.path)), None):
        raise DamagedBackupError(f"The backup is damaged: it names the file {bad[:200]!r}.")
    return manifest


def hashed(path: Path) -> BackupFile:
    """Size and SHA-256 of the file, under its own name. Raises OSError."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            digest.update(piece)
            size += len(piece)
    return BackupFile(path.name, size, digest.hexdigest())
