"""How a benchmark says what it reached."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any


def result(
    work: str,
    budget: Mapping[str, float],
    reached: Mapping[str, float],
    *,
    at_least: Mapping[str, float] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """One row: `met` when every figure is at most its `budget`, or `at_least` so much; `more` is printed
    as it is."""
    least = dict(at_least or {})
    met = all(reached[key] <= limit for key, limit in budget.items())
    met = met and all(reached[key] >= limit for key, limit in least.items())
    row = {"work": work, "budget": dict(budget), "reached": dict(reached), "met": met}
    return row | ({"at_least": least} if least else {}) | more


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of them lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)
