"""The clocks, so that tests can set them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    def now_ms(self) -> int:
        """Wall clock: milliseconds since 1970, UTC. For people and for dates, never for durations."""

    def monotonic(self) -> float:
        """Seconds that never jump back and stand still while this computer sleeps. For durations: what was
        in contact before a sleep is not taken for lost because of it."""


class SystemClock:
    def __init__(self) -> None:
        self._awake = _windows_awake_clock() if sys.platform == "win32" else time.monotonic

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return self._awake()


def _windows_awake_clock() -> Callable[[], float]:
    """`QueryUnbiasedInterruptTime`: Python's own monotonic clock counts sleep on Windows alone."""
    import ctypes

    query = getattr(ctypes, "windll").kernel32.QueryUnbiasedInterruptTime  # noqa: B009 - Windows alone

    def awake() -> float:
        ticks = ctypes.c_ulonglong()
        query(ctypes.byref(ticks))
        return ticks.value / 10_000_000

    return awake
