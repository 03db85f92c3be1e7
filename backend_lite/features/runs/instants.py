"""Times that people give."""

from __future__ import annotations

from backend_lite.contract.common import parse_time
from backend_lite.errors import InvalidError

_LATEST_YEAR = 9000
_LATEST_MS = 221_845_392_000_000
"""The beginning of that year: what is counted on from there still has a date that can be written."""


def instant(text: str, what: str) -> int:
    """The time in ms. Raises InvalidError, with `what` as the beginning of the sentence."""
    try:
        ms = round(parse_time(text).timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        raise InvalidError(f"{what} {text[:40]!r} is not a time like 2026-01-31T09:05:00Z.") from None
    if ms >= _LATEST_MS:
        raise InvalidError(f"{what} {text[:40]!r} is too far ahead: choose a year before {_LATEST_YEAR}.")
    return ms
