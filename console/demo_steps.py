"""What the tour of the demo stands on: steps with a deadline, and lines on stdout."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable

from console.core.errors import ConsoleError
from console.core.texts import tr
from console.shell.notices import Bug, Notices

STEP_S = 60.0
LOOK_S = 0.02


class TourError(ConsoleError):
    """The sentence that the demo ends with."""


class Steps:
    """A bug that the window finds meanwhile ends the tour."""

    def __init__(self, notices: Notices) -> None:
        self._began = time.monotonic()
        self._bugs: list[Bug] = []
        notices.bug_found.connect(self._bugs.append)

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
            if self._bugs:
                raise TourError(f"{self._bugs[0].title}\n{self._bugs[0].details}")
            if time.monotonic() > deadline:
                raise TourError(tr("no {what} within {s:.0f} s.", what=what, s=STEP_S))
            await asyncio.sleep(LOOK_S)
