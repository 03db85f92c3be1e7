"""The one piece of work that is going on, and what consoles are told of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from backend_lite.core.backup.verify import Progress
from backend_lite.errors import ConflictError

_TELL_S = 0.25


@dataclass(slots=True)
class Work:
    """`doing` is empty while nothing is done. Lives on the loop; `progress` is for threads."""

    changed: Callable[[], None]
    doing: str = ""
    done: int = 0
    total: int = 0

    @asynccontextmanager
    async def on(self, what: str) -> AsyncIterator[Progress]:
        """Raises ConflictError where something is going on: two at once would only be slower."""
        if self.doing:
            raise ConflictError(
                "A backup is being made or verified just now. Wait until it is done, and try again.",
                code="busy",
            )
        self.doing, self.done, self.total = what, 0, 0
        self.changed()
        try:
            yield self._progress(asyncio.get_running_loop())
        finally:
            self.doing, self.done, self.total = "", 0, 0
            self.changed()

    def _progress(self, loop: asyncio.AbstractEventLoop) -> Progress:
        told_at = 0.0

        def progress(done: int, total: int) -> None:
            nonlocal told_at
            if time.monotonic() - told_at >= _TELL_S:
                told_at = time.monotonic()
                loop.call_soon_threadsafe(self._note, done, total)

        return progress

    def _note(self, done: int, total: int) -> None:
        if self.doing:
            self.done, self.total = done, total
            self.changed()
