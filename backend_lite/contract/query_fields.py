"""How the fields of a query (`contract.query`) read an object: what the kinds of objects have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from backend_lite.contract.common import parse_time
from backend_lite.contract.query_nodes import Value

YES, NO = "yes", "no"

Plain = Mapping[str, Any]
"""A struct of the contract as JSON."""

Read = Callable[[Plain, int], Value]
"""The value of a field in an object, now (milliseconds after 1970)."""


def yes_or_no(holds: bool) -> str:
    return YES if holds else NO


def plain(key: str) -> Read:
    return lambda one, _now: one[key]


def text(key: str) -> Read:
    """An empty one is none."""
    return lambda one, _now: one[key] or None


def age(key: str) -> Read:
    """Seconds; none where there is no time."""

    def read(one: Plain, now_ms: int) -> Value:
        time = one[key]
        return None if time is None else (now_ms - round(parse_time(time).timestamp() * 1000)) / 1000

    return read
