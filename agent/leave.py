"""`agent_uninstall`: this agent removes itself, and a crash in the middle of that only delays it.

The step itself leaves a note in the data folder: with the receipt of this attempt the agent goes. Once it
has come, the note says that leaving has begun, and whoever starts the agent after that goes on with it. First
goes all that the device is known by, then the service, then the folder; the program stays where it is.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from agent.errors import AgentError
from agent.files import read_file, replace_durably, sync_folder, write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO

    from agent.wire.messages import Done

NOTE = "leaving"
LOCK = "agent.lock"
_BEGUN = b"begun"
_TRIES = 100
_PAUSE_S = 0.1
_ANNOUNCED = b"This agent removes itself from this device as soon as this result has arrived.\n"


def announce(root: str, attempt: str) -> int:
    """The step's own process: from now on the agent goes with this attempt's receipt."""
    replace_durably(os.path.join(root, NOTE), attempt.encode("ascii"))  # noqa: PTH118
    write_all(1, _ANNOUNCED)
    return 0


class Leave:
    """The note in one data folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._note = root / NOTE

    def goes_with(self, done: Done) -> bool:
        """Whether the receipt of this outcome is the one to go with."""
        succeeded = done.outcome == "exited" and done.exit_code == 0
        return succeeded and read_file(str(self._note)) == done.attempt.encode("ascii")

    def is_due(self, tombstones: Mapping[str, Done]) -> bool:
        """Whether a former life had the receipt and got no further."""
        return any(self.goes_with(done) for done in tombstones.values()) if self._note.exists() else False

    def is_begun(self) -> bool:
        try:
            return read_file(str(self._note)) == _BEGUN
        except OSError:
            # It is no folder; whoever uses it next says so.
            return False

    def begin(self) -> None:
        replace_durably(str(self._note), _BEGUN)

    def finish(self, lock: IO[bytes]) -> str:
        """Remove what is left, and let go of the data folder's lock. Says what was done.

        Raises AgentError when something stays; then the next start of the agent goes on.
        """
        from agent.platform import this_platform

        self._remove_content()
        done = this_platform().leave_service(self._root)
        lock.close()
        for name in (LOCK, NOTE):
            (self._root / name).unlink(missing_ok=True)
        self._root.rmdir()
        with contextlib.suppress(OSError):
            sync_folder(str(self._root.parent))
        return f"{done.split(';')[0].rstrip('.')}. The data folder {self._root} is removed."

    def _remove_content(self) -> None:
        for _ in range(_TRIES):
            left = [path for path in self._root.iterdir() if path.name not in (LOCK, NOTE)]
            if not left:
                return
            for path in left:
                _remove(path)
            if sys.platform == "win32":
                # Processes that are just ending still hold their logs.
                time.sleep(_PAUSE_S)
        raise AgentError(
            f"{left[0]} cannot be removed; close what uses it. The agent goes on removing itself when it is "
            "started again."
        )


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    with contextlib.suppress(OSError):
        path.unlink()
