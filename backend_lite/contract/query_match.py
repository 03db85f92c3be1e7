"""Evaluating a query (`contract.query`) on values in memory."""

from __future__ import annotations

from collections.abc import Callable

from backend_lite.contract.query_nodes import (
    TEXT_KINDS,
    And,
    Match,
    Node,
    Not,
    Number,
    Or,
    Pattern,
    Search,
    Value,
    ValueOf,
    is_whole,
    text_test,
)


def matches(node: Node, value_of: ValueOf) -> bool:
    """Whether something with these values is meant. For many at once use `matcher`."""
    return matcher(node)(value_of)


def matcher(node: Node) -> Callable[[ValueOf], bool]:
    """`matches` for one query and many rows: what can be prepared is prepared.

    A query for which `needs_service` holds cannot be answered here: `value_of` raises NeedsServiceError for
    its fields, and phrases in quotes find too little.
    """
    match node:
        case Search():
            fits = text_test(node.pattern, whole=False)
            return lambda value_of: fits(str(value_of("") or "").casefold())
        case Match():
            return _field_test(node)
        case Not():
            inner = matcher(node.node)
            return lambda value_of: not inner(value_of)
        case And():
            every = [matcher(one) for one in node.nodes]
            return lambda value_of: all(one(value_of) for one in every)
        case Or():
            some = [matcher(one) for one in node.nodes]
            return lambda value_of: any(one(value_of) for one in some)


def value_test(node: Match) -> Callable[[Value], bool]:
    """Whether a value of the node's field is meant."""
    tests = [_test(node, value) for value in node.values]

    def holds(value: Value) -> bool:
        if value is None:
            return False
        several = [value] if isinstance(value, str | int | float) else value
        return any(test(one) for one in several for test in tests)

    return holds


def _field_test(node: Match) -> Callable[[ValueOf], bool]:
    holds, name = value_test(node), node.field
    return lambda value_of: holds(value_of(name))


def _test(node: Match, wanted: Pattern | Number) -> Callable[[str | float], bool]:
    if isinstance(wanted, Pattern) and node.kind not in TEXT_KINDS:
        return lambda value: True
    if isinstance(wanted, Pattern):
        fits = text_test(wanted, whole=is_whole(node, wanted))
        return lambda value: fits(str(value).casefold())
    amount, compare = wanted.amount, _COMPARE[node.op]
    return lambda value: isinstance(value, int | float) and compare(float(value), amount)


_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ":": lambda a, b: a == b,
    "=": lambda a, b: a == b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
