"""Where work is paused, since when and why, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from backend_lite.contract.pauses import PauseScope
from console.core import formatting
from console.core.texts import tr
from console.core.words import named

Object = dict[str, Any]


def place(pause: Object) -> str:
    """`the whole fleet`, `the group “Lab”`, `LAB-01`."""
    if pause["scope"] == PauseScope.FLEET:
        return tr("the whole fleet")
    if pause["scope"] == PauseScope.GROUP:
        return tr("the group “{name}”", name=pause["name"])
    return str(pause["name"])


def sentence(pause: Object, now: datetime) -> str:
    when = formatting.local_time(pause["created_at"], now)
    where, who = place(pause), pause.get("created_by") or "?"
    said = tr("Work on {where} is paused since {when} by {who}", where=where, when=when, who=who)
    if pause.get("until"):
        said = tr("{said}, until {when}", said=said, when=formatting.local_time(pause["until"], now))
    return tr("{said}: {reason}", said=said, reason=pause["reason"]) if pause.get("reason") else said + "."


def together(pauses: Sequence[Object], now: datetime) -> str:
    """Several at once."""
    first = min(pauses, key=lambda pause: str(pause["created_at"]))
    when = formatting.local_time(first["created_at"], now)
    places = named([place(pause) for pause in pauses])
    return tr("Work is paused on {places}, the first since {when}.", places=places, when=when)
