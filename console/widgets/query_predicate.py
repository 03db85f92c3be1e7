"""A query as a predicate on the objects that the window knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from backend_lite.contract.query import Field, FieldKind, Node, fields_of, matcher
from backend_lite.contract.query_nodes import ValueOf
from console.core.formatting import Clock
from console.widgets.row_index import Predicate

Object = dict[str, Any]


def is_timed(node: Node, fields: Iterable[Field]) -> bool:
    """Whether an object may come to match, or match no longer, although nothing of it changes."""
    ages = {field.name for field in fields if field.kind is FieldKind.AGE}
    return not ages.isdisjoint(fields_of(node))


def query_predicate(
    node: Node, fields: Iterable[Field], values_of: Callable[[Object, int], ValueOf], clock: Clock
) -> Predicate:
    """As the service answers; `values_of` reads an object, now (milliseconds after 1970)."""
    fits, timed = matcher(node), is_timed(node, fields)
    return lambda one: fits(values_of(one, round(clock().timestamp() * 1000) if timed else 0))
