"""What an administrator may set for one agent: `settings.json` in its data folder, read at its start."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from agent.errors import AgentError
from agent.files import read_file


@dataclass(frozen=True, slots=True)
class Settings:
    """`least_free_mb`: below so much free disk space nothing new is begun (0: always begin); without it,
    1 GiB or 5 % of the disk, whichever is less."""

    least_free_mb: int | None = None

    @property
    def least_free(self) -> int | None:
        """In bytes."""
        return None if self.least_free_mb is None else self.least_free_mb << 20


def load_settings(path: Path) -> Settings:
    """Raises AgentError with a sentence for a file that cannot be understood."""
    try:
        raw = read_file(str(path))
        plain = {} if raw is None else json.loads(raw)
    except (OSError, ValueError):
        raise AgentError(f"{path} cannot be read as JSON; correct it or delete it.") from None
    if not isinstance(plain, dict) or plain.keys() - {"least_free_mb"}:
        raise AgentError(f"{path} may only hold an object with least_free_mb, a number of megabytes.")
    number = plain.get("least_free_mb")
    if number is not None and (type(number) is not int or number < 0):
        raise AgentError(f"least_free_mb in {path} must be a whole number of megabytes, 0 or more.")
    return Settings(number)
