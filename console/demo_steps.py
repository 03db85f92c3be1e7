"""What the tour of the demo stands on: steps with a deadline, and lines on stdout."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable

from console.core.errors import ConsoleError
from console.core.texts import tr

STEP_S = 60.0
LOOK_S = 0.02


class TourError(ConsoleError):
    """The sentence that the demo ends with."""


class Steps:
    def __init__(self) -> None:
        self._began = time.monotonic()

    def say(self, sentence: str) -> None:
        """What happened, with the time since the start."""
        self.write(f"[{time.monotonic() - self._began:6.1f} s] {sentence}")

    def write(self, line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    async def until(self, holds: Callable[[], object], what: str) -> None:
        """Raises TourError naming `what` when it does not come in time."""
        deadline = time.monotonic() + STEP_S
        while not holds():
            if time.monotonic() > deadline:
                raise TourError(tr("no {what} within {s:.0f} s.", what=what, s=STEP_S))
            await asyncio.sleep(LOOK_S)
