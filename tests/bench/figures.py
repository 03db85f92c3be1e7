"""How a benchmark says what it reached."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any


def result(
    work: str, budget: Mapping[str, float], reached: Mapping[str, float], **more: Any
) -> dict[str, Any]:
    """One row: `met` when every budgeted figure is at most its budget; `more` is printed as it is."""
    met = all(reached[key] <= limit for key, limit in budget.items())
    return {"work": work, "budget": dict(budget), "reached": dict(reached), "met": met, **more}


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of them lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)
