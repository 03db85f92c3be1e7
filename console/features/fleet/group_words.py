"""Groups in words, and where work on them is paused."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from backend_lite.contract.pauses import PauseScope
from console.core.texts import tr

Object = dict[str, Any]


def is_named(group: Object) -> bool:
    """Its devices are named one by one."""
    return group.get("query") is None


def kind_word(group: Object) -> str:
    return tr("Named devices") if is_named(group) else tr("Query")


def what_it_has(group: Object) -> str:
    """For a query its text."""
    return tr("Named devices") if is_named(group) else str(group["query"]) or tr("Every device")


def search_text(group: Object) -> str:
    return " ".join((group["name"], group.get("description") or "", group.get("query") or "")).lower()


def group_pauses(pauses: Iterable[Object], group_id: int) -> list[Object]:
    """What stops work on the whole group; the fleet is everybody's."""
    return [
        pause
        for pause in pauses
        if pause["scope"] == PauseScope.FLEET
        or (pause["scope"] == PauseScope.GROUP and pause["group_id"] == group_id)
    ]


def device_pauses(pauses: Iterable[Object], device_id: int, group_ids: Iterable[int]) -> list[Object]:
    """What stops work on a device that is in these groups."""
    inside = set(group_ids)
    return [
        pause
        for pause in pauses
        if pause["scope"] == PauseScope.FLEET
        or (pause["scope"] == PauseScope.GROUP and pause["group_id"] in inside)
        or (pause["scope"] == PauseScope.DEVICE and pause["device_id"] == device_id)
    ]
