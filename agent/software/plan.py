"""What a software step is to do, in the words between the agent and the step's own process."""

from __future__ import annotations

from dataclasses import dataclass

from agent.wire.messages import Download
from agent.wire.software import SoftwareJob

PLAN = "software.json"


@dataclass(frozen=True, slots=True)
class Service:
    """Where and how the service's files are fetched."""

    server: str
    ca_pem: str


@dataclass(frozen=True, slots=True)
class Script:
    """A script of the item, as a vector, and where it starts."""

    argv: tuple[str, ...]
    folder: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What the step does. `file` is where the item's file will lie, empty where none is needed."""

    job: SoftwareJob
    tools: dict[str, str]
    folder: str
    file: str = ""
    download: Download | None = None
    service: Service | None = None
    script: Script | None = None
    detect: Script | None = None
