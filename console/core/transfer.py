"""How far a long transfer is, how quick, and how long it will still take."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from console.core import formatting
from console.core.texts import tr

Seconds = Callable[[], float]
_WINDOW_S = 10.0
_SETTLED_S = 1.0
"""Before that a speed would jump with every piece."""


@dataclass(frozen=True)
class Stand:
    """`speed` is in bytes a second and `left_s` in seconds; None while they cannot be known."""

    done: int
    total: int
    speed: float | None = None
    left_s: float | None = None

    @property
    def share(self) -> float:
        return self.done / self.total if self.total else 1.0

    def __str__(self) -> str:
        """`1.2 of 4.1 GB · 54 MB/s · 48 s left`."""
        parts = [formatting.size_of(self.done, self.total)]
        if self.speed is not None:
            parts.append(tr("{size}/s", size=formatting.size(self.speed)))
        if self.left_s is not None and self.done < self.total:
            parts.append(tr("{time} left", time=formatting.duration(max(self.left_s, 1))))
        return " · ".join(parts)


class Meter:
    """Fed with how many bytes are done; the speed is that of the last ten seconds."""

    def __init__(self, total: int, seconds: Seconds = time.monotonic) -> None:
        self._total = total
        self._seconds = seconds
        self._points: deque[tuple[float, int]] = deque()

    def begin(self, done: int) -> Stand:
        """From here on, again: what was done before says nothing about the speed."""
        self._points.clear()
        return self.at(done)

    def at(self, done: int) -> Stand:
        now = self._seconds()
        self._points.append((now, done))
        while len(self._points) > 2 and self._points[0][0] < now - _WINDOW_S:
            self._points.popleft()
        then, before = self._points[0]
        if now - then < _SETTLED_S or done <= before:
            return Stand(done, self._total)
        speed = (done - before) / (now - then)
        return Stand(done, self._total, speed, (self._total - done) / speed)
