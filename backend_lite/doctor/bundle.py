"""The diagnosis bundle: report, versions and logs in one archive, secrets masked."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sqlite3
import ssl
import zipfile
from collections.abc import Sequence
from pathlib import Path

from backend_lite import __version__
from backend_lite.config import DataFolder
from backend_lite.doctor.findings import Finding
from backend_lite.doctor.masking import mask, mask_line
from backend_lite.errors import StartError

_PACKAGES = (
    "litestar",
    "uvicorn",
    "sqlalchemy",
    "alembic",
    "msgspec",
    "cryptography",
    "websockets",
    "psutil",
)


def write_bundle(path: Path, data: DataFolder, findings: Sequence[Finding]) -> None:
    """Raises StartError when `path` cannot be written or is there already."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise StartError(f"{path} is there already. Name a new file for the bundle.") from error
    except OSError as error:
        raise StartError(f"The bundle {path} cannot be written ({error.strerror}).") from error
    with os.fdopen(descriptor, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("report.txt", mask("\n".join(map(str, findings)) + "\n"))
        archive.writestr("versions.txt", "\n".join(_versions()) + "\n")
        for log in sorted(data.logs.glob("*.log*")):
            _add_log(archive, log)


def _add_log(archive: zipfile.ZipFile, log: Path) -> None:
    # Line by line: an entry is one line, and one that was cut short must not hide the others.
    with (
        log.open(encoding="utf-8", errors="replace") as lines,
        archive.open(f"logs/{log.name}", "w") as packed,
    ):
        for line in lines:
            packed.write(mask_line(line.rstrip("\n")).encode() + b"\n")


def _versions() -> list[str]:
    return [
        f"deployflow {__version__}",
        f"python {platform.python_version()} ({platform.python_implementation()})",
        f"system {platform.platform()}",
        f"sqlite {sqlite3.sqlite_version}",
        f"openssl {ssl.OPENSSL_VERSION}",
        *(f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES),
    ]
