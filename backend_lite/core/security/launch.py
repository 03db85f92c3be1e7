"""The per-launch secret: how programs of the same account on this machine reach the running service."""

from __future__ import annotations

import hmac
import json
import os
from dataclasses import dataclass
from pathlib import Path

from backend_lite.core.ids import new_secret
from backend_lite.core.security.files import write_private


@dataclass(frozen=True)
class Launch:
    """What DIR/run/service.json holds."""

    pid: int
    admin_url: str
    agent_url: str
    agent_pin: str
    version: str
    secret: str

    def matches(self, secret: str) -> bool:
        return hmac.compare_digest(self.secret.encode(), secret.encode())


def publish_launch(
    path: Path, *, admin_url: str, agent_url: str, agent_pin: str, version: str, secret: str
) -> Launch:
    launch = Launch(os.getpid(), admin_url, agent_url, agent_pin, version, secret)
    write_private(path, json.dumps(launch.__dict__).encode())
    return launch


def read_launch(path: Path) -> Launch | None:
    """The running service's, or None when there is no readable file."""
    try:
        return Launch(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def new_launch_secret() -> str:
    return new_secret("l")
