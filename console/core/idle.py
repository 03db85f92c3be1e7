"""How long nobody has used the window."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

Clock = Callable[[], float]


def uptime_s() -> float:
    """Since the machine started, its sleep included: a laptop that is closed for an hour is idle for one."""
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    if sys.platform == "darwin":
        return time.clock_gettime(time.CLOCK_MONOTONIC)
    return time.monotonic()


class Idle:
    """`limit_s` 0: it is never too long."""

    def __init__(self, clock: Clock) -> None:
        self.limit_s = 0.0
        self._clock = clock
        self._used_at = clock()

    def used(self) -> None:
        self._used_at = self._clock()

    def too_long(self) -> bool:
        return 0 < self.limit_s <= self._clock() - self._used_at
