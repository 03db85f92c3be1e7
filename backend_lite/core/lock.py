"""One process at a time owns a data folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO

from backend_lite.errors import StartError


class FolderLock:
    """Held from construction until `release` or the end of the process, however it ends."""

    def __init__(self, file: Path) -> None:
        """Raises StartError when another process holds the lock."""
        self._file: IO[bytes] = file.open("ab")
        try:
            _lock(self._file)
        except OSError as error:
            self._file.close()
            raise StartError(
                f"The data folder {file.parent.parent} is in use by another DeployFlow service. "
                "Stop that one, or choose another folder with --data-dir."
            ) from error

    def release(self) -> None:
        self._file.close()


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
