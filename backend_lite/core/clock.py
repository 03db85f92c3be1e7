"""The clocks, so that tests can set them."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    def now_ms(self) -> int:
        """Wall clock: milliseconds since 1970, UTC. For people and for dates, never for durations."""

    def monotonic(self) -> float:
        """Seconds that never jump back. For durations."""


class SystemClock:
    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()
