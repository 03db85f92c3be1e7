"""What happened, in the order in which it did, as lines and as effects."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from tests.faults.sim.kernel import VirtualLoop


class End(Enum):
    """How the execution of a script came to its end."""

    EXITED = auto()
    STOPPED = auto()
    """By its runner: cancelled or out of time."""
    DIED = auto()
    """From outside, with the power or by a kill."""


@dataclass(slots=True)
class Effect:
    """One execution of a script on some machine. `said` is what it printed, by stream."""

    attempt: str
    machine: str
    begun_at: float
    said: tuple[bytearray, bytearray] = field(default_factory=lambda: (bytearray(), bytearray()))
    end: End | None = None
    exit_code: int | None = None
    asked: bool = False
    """It was asked to end; one that is deaf may come to its own end meanwhile."""
    verdict: bool = False
    """Its runner came to its own end: the exit record is written, and nothing may lose it."""


class History:
    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self.lines: list[str] = []
        self.effects: list[Effect] = []
        self.troubled: dict[str, list[float]] = {}
        """When something happened to a machine after which "unknown" is the truth."""
        self.confused: dict[str, float] = {}
        """Machines that were copied, reverted or wiped, and when first."""
        self.faults: list[str] = []
        """What should never happen at all: exceptions nobody expected."""

    def note(self, who: str, what: str) -> None:
        self.lines.append(f"{self._loop.now - 1000:10.4f} {who:9} {what}")

    def fault(self, who: str, what: str) -> None:
        self.faults.append(f"{who}: {what}")
        self.note(who, f"FAULT {what}")

    def trouble(self, machine: str) -> None:
        self.troubled.setdefault(machine, []).append(self._loop.now)

    def confuse(self, machine: str) -> None:
        self.trouble(machine)
        self.confused.setdefault(machine, self._loop.now)
