"""Files that only this account may read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def write_private(path: Path, content: bytes) -> None:
    """Write `path` whole or not at all, readable by this account only, durable when it returns."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        if sys.platform == "win32":
            _restrict(temporary)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def make_private_folder(path: Path) -> None:
    """A new folder; what comes into it is this account's as well."""
    path.mkdir(mode=0o700)
    if sys.platform == "win32":
        _restrict(path, "(OI)(CI)F")


def _restrict(path: Path, rights: str = "F") -> None:
    """Take away inherited rights; leave this account, SYSTEM and Administrators (by their fixed SIDs)."""
    account = f"{os.environ.get('USERDOMAIN', '.')}\\{os.environ['USERNAME']}"
    granted = (account, "*S-1-5-18", "*S-1-5-32-544")
    subprocess.run(
        ["icacls", str(path), "/inheritance:r", "/grant:r", *(f"{who}:{rights}" for who in granted)],
        check=True,
        capture_output=True,
    )
