"""The service of a data folder on this machine, as its own file describes it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec


class ServiceFile(msgspec.Struct):
    """DIR/run/service.json: readable by this user only, written anew at each start of the service."""

    pid: int
    admin_url: str
    secret: str


@dataclass(frozen=True)
class LocalService:
    """The data folder that the window works with; its service may be running or not."""

    data_dir: Path

    @property
    def path(self) -> Path:
        return self.data_dir / "run" / "service.json"

    def read(self) -> ServiceFile | None:
        """What the running, or last, service wrote; None when there is nothing readable."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=ServiceFile)
        except (OSError, msgspec.DecodeError):
            return None


def default_data_dir(name: str = "DeployFlow") -> Path:
    """Where the service of this user keeps its data."""
    import platformdirs

    return Path(platformdirs.user_data_dir(name, appauthor=False))
