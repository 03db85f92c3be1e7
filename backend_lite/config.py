"""Where things lie in a data folder, and how the service was asked to run."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from backend_lite.core.security.files import make_private_folder
from backend_lite.errors import StartError


@dataclass(frozen=True)
class DataFolder:
    """The layout of DIR. `open` makes what is missing, private to the account that runs the service."""

    root: Path

    @property
    def database(self) -> Path:
        return self.root / "deployflow.db"

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def output(self) -> Path:
        return self.root / "output"

    @property
    def blobs(self) -> Path:
        return self.root / "blobs"

    @property
    def uploads(self) -> Path:
        return self.root / "uploads"

    @property
    def audit(self) -> Path:
        """Sealed segments of the audit."""
        return self.root / "audit"

    @property
    def backups(self) -> Path:
        return self.root / "backups"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def service_file(self) -> Path:
        return self.run / "service.json"

    @property
    def lock_file(self) -> Path:
        return self.run / "lock"

    @property
    def staged(self) -> Path:
        """Beside it: what a restore is about to put in its place."""
        return self.root.with_name(f".{self.root.name}.restoring")

    @property
    def swap_mark(self) -> Path:
        """Beside it while `staged` is whole, and takes the place of what was there."""
        return self.root.with_name(f".{self.root.name}.swapping")

    def finish_swap(self) -> None:
        """Go on where a restore was killed between taking the old folder away and bringing the new one."""
        if self.swap_mark.exists():
            if self.staged.exists() and not self.root.exists():
                self.staged.rename(self.root)
            self.swap_mark.unlink()

    def open(self) -> None:
        """Raises StartError when the folder cannot be made or written."""
        try:
            self.finish_swap()
            if not self.root.exists():
                self.root.parent.mkdir(parents=True, exist_ok=True)
                make_private_folder(self.root)
            for folder in (
                self.keys, self.logs, self.output, self.blobs, self.uploads, self.run,
            ):  # fmt: skip
                folder.mkdir(exist_ok=True, mode=0o700)
            probe = self.run / f"writable.{os.getpid()}"
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            reason = error.strerror or str(error)
            raise StartError(
                f"The data folder {self.root} cannot be written ({reason}). Choose another with --data-dir, "
                "or give this account the right to write there."
            ) from error


@dataclass(frozen=True)
class Config:
    """`agent_host` None: as chosen in the window, loopback until then. Ports: 0 is a free one (for agents
    the one used last, if it is free)."""

    data: DataFolder
    admin_port: int = 0
    agent_host: str | None = None
    agent_port: int = 0
    key_file: Path | None = None
