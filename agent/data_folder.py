"""The agent's data folder: where everything of one device lives, used by one agent at a time.

identity.key       the device's private key (hex), readable by its owner only
enrollment.json    the service: address, CA, this device's ids
settings.json      what an administrator set for this agent; need not be there
journal/ attempts/ logs/
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from agent.errors import AgentError
from agent.platform import this_platform


@dataclass(frozen=True, slots=True)
class DataFolder:
    root: Path

    @property
    def identity_key(self) -> Path:
        return self.root / "identity.key"

    @property
    def enrollment(self) -> Path:
        return self.root / "enrollment.json"

    @property
    def settings(self) -> Path:
        return self.root / "settings.json"

    @property
    def journal(self) -> Path:
        return self.root / "journal"

    @property
    def attempts(self) -> Path:
        return self.root / "attempts"

    @property
    def logs(self) -> Path:
        return self.root / "logs"


def open_data_folder(root: Path) -> DataFolder:
    """Make what is missing. Raises AgentError when the folder cannot be used."""
    folder = DataFolder(root.absolute())
    try:
        folder.root.parent.mkdir(parents=True, exist_ok=True)
        for part in (folder.root, folder.journal, folder.attempts, folder.logs):
            if not part.is_dir():
                this_platform().make_private_folder(part)
        _try_to_write(folder.root)
    except OSError as error:
        raise AgentError(
            f"The data folder {folder.root} cannot be written ({error.strerror}); "
            "choose another with --data-dir or start the agent as a user who may write there."
        ) from None
    return folder


def _try_to_write(root: Path) -> None:
    probe = root / f"write-test.{os.getpid()}"
    probe.write_bytes(b"")
    probe.unlink()


def lock(folder: DataFolder) -> IO[bytes]:
    """Hold the folder for this process until the file is closed or the process ends, however it ends."""
    file = (folder.root / "agent.lock").open("ab")
    try:
        this_platform().lock_file(file)
    except OSError:
        file.close()
        raise AgentError(
            f"Another agent is using the data folder {folder.root}; stop it first or choose another folder."
        ) from None
    return file
