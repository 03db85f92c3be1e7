"""Too many failures from one address: the next try waits. Successes cost nothing."""

from __future__ import annotations

import math
from collections import OrderedDict

from backend_lite.core.clock import Clock
from backend_lite.errors import TooFastError

FAILURES = 20
PER_S = 60.0
_ADDRESSES = 10_000


class Throttle:
    """Counts in memory: a restart forgives, and the oldest addresses are forgotten when there are many."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def check(self, address: str) -> None:
        """Raises TooFastError when `address` has failed too often."""
        since, count = self._of(address)
        if count >= FAILURES:
            wait = math.ceil(since + PER_S - self._clock.monotonic())
            raise TooFastError(f"Too many failed tries from this address. Try again in {wait} s.", wait)

    def failed(self, address: str) -> None:
        since, count = self._of(address)
        self._failures[address] = (since, count + 1)
        self._failures.move_to_end(address)
        while len(self._failures) > _ADDRESSES:
            self._failures.popitem(last=False)

    def _of(self, address: str) -> tuple[float, int]:
        """Since when, and how often."""
        now = self._clock.monotonic()
        since, count = self._failures.get(address, (now, 0))
        return (since, count) if now - since < PER_S else (now, 0)
