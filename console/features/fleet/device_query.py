"""The query language on the devices that the window knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from backend_lite.contract.fleet import DEVICE_FIELDS
from backend_lite.contract.query import Node
from backend_lite.contract.query_nodes import ValueOf
from backend_lite.contract.query_values import device_values
from console.core.formatting import Clock
from console.widgets.query_predicate import is_timed, query_predicate
from console.widgets.row_index import Predicate

Object = dict[str, Any]


def depends_on_time(node: Node) -> bool:
    """Whether a device may come to match, or match no longer, although nothing of it changes."""
    return is_timed(node, DEVICE_FIELDS)


def device_predicate(node: Node, clock: Clock, text_of: Callable[[Object], str] | None = None) -> Predicate:
    """As the service answers; `text_of` gives another text for plain words to look into."""

    def values_of(device: Object, now_ms: int) -> ValueOf:
        values = device_values(device, now_ms)
        return values if text_of is None else lambda name: values(name) if name else text_of(device)

    return query_predicate(node, DEVICE_FIELDS, values_of, clock)


def known_words(devices: Iterable[Object]) -> Mapping[str, Iterable[str]]:
    """Tags and names that are there now, for completion."""
    tags: set[str] = set()
    names: set[str] = set()
    for device in devices:
        tags.update(device.get("tags") or ())
        names.add(str(device.get("hostname") or ""))
    return {"tag": sorted(tags), "name": sorted(names - {""})}
