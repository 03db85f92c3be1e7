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


def _restrict(path: Path) -> None:
    """Take away inherited rights; leave this account, SYSTEM and Administrators (by their fixed SIDs)."""
    account = f"{os.environ.get('USERDOMAIN', '.')}\\{os.environ['USERNAME']}"
    subprocess.run(
        ["icacls", str(path), "/inheritance:r", "/grant:r", f"{account}:F", "*S-1-5-18:F", "*S-1-5-32-544:F"],
        check=True,
        capture_output=True,
    )
