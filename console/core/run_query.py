"""Values of a run for the query language."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from backend_lite.contract.query import Value
from console.core import words
from console.core.formatting import moment

Object = dict[str, Any]


def value_of(run: Object, name: str, now: datetime) -> Value:
    found = _VALUES.get(name)
    return None if found is None else found(run, now)


def _labels(run: Object, _now: datetime) -> Value:
    return " ".join(str(run.get(key) or "") for key in ("title", "device", "created_by"))


def _age(key: str) -> Callable[[Object, datetime], Value]:
    def age(run: Object, now: datetime) -> Value:
        when = run.get(key)
        return None if when is None else (now - moment(when)).total_seconds()

    return age


def _took(run: Object, _now: datetime) -> Value:
    if not run.get("started_at") or not run.get("ended_at"):
        return None
    return (moment(run["ended_at"]) - moment(run["started_at"])).total_seconds()


def _plain(key: str) -> Callable[[Object, datetime], Value]:
    return lambda run, _now: run.get(key)


_VALUES: dict[str, Callable[[Object, datetime], Value]] = {
    "": _labels,
    "state": _plain("state"),
    "script": _plain("title"),
    "device": _plain("device"),
    "by": _plain("created_by"),
    "exit": lambda run, _now: words.exit_code(run),
    "reason": lambda run, _now: run.get("reason") or None,
    "asked": _age("created_at"),
    "started": _age("started_at"),
    "ended": _age("ended_at"),
    "took": _took,
    "wave": lambda run, _now: run.get("wave", 1),
    "rollout": _plain("rollout_id"),
    "run": _plain("id"),
}
