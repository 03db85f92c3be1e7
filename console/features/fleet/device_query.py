"""The query language on the devices that the window knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from backend_lite.contract.fleet import DEVICE_FIELDS
from backend_lite.contract.query import FieldKind, Node, fields_of, matcher
from backend_lite.contract.query_values import device_values
from console.core.formatting import Clock
from console.widgets.row_index import Predicate

Object = dict[str, Any]
_AGES = frozenset(field.name for field in DEVICE_FIELDS if field.kind is FieldKind.AGE)


def depends_on_time(node: Node) -> bool:
    """Whether a device may come to match, or match no longer, although nothing of it changes."""
    return bool(fields_of(node) & _AGES)


def device_predicate(node: Node, clock: Clock, text_of: Callable[[Object], str] | None = None) -> Predicate:
    """As the service answers; `text_of` gives another text for plain words to look into."""
    fits, timed = matcher(node), depends_on_time(node)

    def holds(device: Object) -> bool:
        values = device_values(device, round(clock().timestamp() * 1000) if timed else 0)
        if text_of is None:
            return fits(values)
        return fits(lambda name: values(name) if name else text_of(device))

    return holds


def known_words(devices: Iterable[Object]) -> Mapping[str, Iterable[str]]:
    """Tags and names that are there now, for completion."""
    tags: set[str] = set()
    names: set[str] = set()
    for device in devices:
        tags.update(device.get("tags") or ())
        names.add(str(device.get("hostname") or ""))
    return {"tag": sorted(tags), "name": sorted(names - {""})}
