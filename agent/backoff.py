"""How long to wait before the next attempt to reach the service."""

from __future__ import annotations

from collections.abc import Callable

LONGEST_S = 60.0
SETTLED_AFTER_S = 60.0
CALM_S = 600.0
WIDEST_SPREAD_S = 600.0


class Backoff:
    """uniform(0, min(60, 2^n)) seconds: a thousand agents do not come back at the same moment.

    The first wait is within a second; a connection that held for a minute starts again from there.
    `uniform` is `random.uniform` or what a test puts in its place.
    """

    def __init__(self, uniform: Callable[[float, float], float]) -> None:
        self._uniform = uniform
        self._failures = 0
        self._spread_s = 0.0

    def spread(self, seconds: float) -> None:
        """Spread the next wait over so many seconds: the service has more agents than it greets at once."""
        self._spread_s = min(max(0.0, seconds), WIDEST_SPREAD_S)

    def next_wait(self, connected_for_s: float = 0.0) -> float:
        """Seconds to wait after an attempt that held a connection for so long."""
        if connected_for_s >= SETTLED_AFTER_S:
            self._failures = 0
        widest = max(min(LONGEST_S, 2.0**self._failures), self._spread_s)
        self._spread_s = 0.0
        wait = self._uniform(0.0, widest)
        self._failures = min(self._failures + 1, 16)
        return wait

    def calm_wait(self) -> float:
        """Seconds to wait when the service does not want this device: only a person can change that."""
        return self._uniform(CALM_S / 2, CALM_S)
