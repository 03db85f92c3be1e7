"""The nodes that a query (`contract.query`) becomes, the fields it can compare, and its text again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class FieldKind(StrEnum):
    """TEXT holds a value, LABEL is one; WORD is a LABEL with known words. NUMBER is plain, PERCENT may be
    written with `%`, SIZE is in bytes, DURATION a length of time and AGE the time since then, in seconds."""

    TEXT = "text"
    LABEL = "label"
    WORD = "word"
    NUMBER = "number"
    PERCENT = "percent"
    SIZE = "size"
    DURATION = "duration"
    AGE = "age"


TEXT_KINDS = frozenset({FieldKind.TEXT, FieldKind.LABEL, FieldKind.WORD})


@dataclass(frozen=True, slots=True)
class Field:
    """`words` are those of a WORD, or some to offer for a LABEL; `aliases` are other names for it. Only the
    service knows the values of a `service_only` field; there phrases in quotes are looked for in it too."""

    name: str
    kind: FieldKind
    help: str
    words: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    service_only: bool = False


class NeedsServiceError(LookupError):
    """A query was asked of something in memory that only the service can answer (see `needs_service`)."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A text to find; in one that is not `exact` (quoted), `*` stands for anything."""

    text: str
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Number:
    """As it was written; `amount` is in the unit of its field's kind."""

    text: str
    amount: float


@dataclass(frozen=True, slots=True)
class Search:
    """A word or phrase among all labels."""

    pattern: Pattern


@dataclass(frozen=True, slots=True)
class Match:
    """A field compared with any of `values`; `op` is one of `: = < <= > >=`."""

    field: str
    kind: FieldKind
    op: str
    values: tuple[Pattern | Number, ...]


@dataclass(frozen=True, slots=True)
class Not:
    node: Node


@dataclass(frozen=True, slots=True)
class And:
    """Everything that all of `nodes` match; no nodes: everything."""

    nodes: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Or:
    nodes: tuple[Node, ...]


Node = Search | Match | Not | And | Or
Value = str | float | Sequence[str] | Sequence[float] | None
"""Of a field: a text, a number, several of either, or None where there is none."""
ValueOf = Callable[[str], Value]
"""Field name -> value; the name "" gives the text of all labels."""


def all_of(nodes: Iterable[Node]) -> Node:
    """Conditions that must all be true, without a layer that says nothing."""
    flat: list[Node] = []
    for node in nodes:
        flat.extend(node.nodes if isinstance(node, And) else [node])
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def any_of(nodes: Iterable[Node]) -> Node:
    """Conditions of which one must be true; there is at least one."""
    flat: list[Node] = []
    for node in nodes:
        flat.extend(node.nodes if isinstance(node, Or) else [node])
    return flat[0] if len(flat) == 1 else Or(tuple(flat))


def fields_of(node: Node) -> frozenset[str]:
    """The names of the fields that the query compares."""
    match node:
        case Match():
            return frozenset({node.field})
        case Not():
            return fields_of(node.node)
        case And() | Or():
            return frozenset().union(*map(fields_of, node.nodes))
    return frozenset()


def needs_service(node: Node, fields: Iterable[Field]) -> bool:
    """Whether only the service can say what a query of these fields finds."""
    special = {field.name for field in fields if field.service_only}
    return bool(special) and _asks_for(node, special)


def _asks_for(node: Node, names: set[str]) -> bool:
    match node:
        case Search():
            return node.pattern.exact
        case Match():
            return node.field in names
        case Not():
            return _asks_for(node.node, names)
    return any(_asks_for(one, names) for one in node.nodes)


def format_query(node: Node) -> str:
    """The text that is parsed to this node again."""
    match node:
        case Search():
            return format_pattern(node.pattern)
        case Match():
            values = (v.text if isinstance(v, Number) else format_pattern(v) for v in node.values)
            return f"{node.field}{node.op}{','.join(values)}"
        case Not():
            return f"-{_within(node.node)}"
        case And():
            return " ".join(
                f"({format_query(n)})" if isinstance(n, Or) else format_query(n) for n in node.nodes
            )
        case Or():
            return " or ".join(map(format_query, node.nodes))


def _within(node: Node) -> str:
    text = format_query(node)
    return f"({text})" if isinstance(node, And | Or) else text


def format_pattern(pattern: Pattern) -> str:
    if not pattern.exact:
        return pattern.text
    return '"' + pattern.text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def is_whole(node: Match, pattern: Pattern) -> bool:
    """Whether the pattern stands for the whole value, or for a part of it."""
    has_stars = "*" in pattern.text and not pattern.exact
    return node.kind is not FieldKind.TEXT or node.op == "=" or has_stars


def parts_of(pattern: Pattern) -> list[str]:
    """The case-folded texts between which anything may stand."""
    folded = pattern.text.casefold()
    return [folded] if pattern.exact else folded.split("*")


def text_test(pattern: Pattern, *, whole: bool) -> Callable[[str], bool]:
    """A test of case-folded texts; its time grows with their length only."""
    parts = parts_of(pattern)
    first, last = (parts[0], parts[-1]) if whole else ("", "")
    if whole and len(parts) == 1:
        return lambda text: text == first
    middle = [part for part in (parts[1:-1] if whole else parts) if part]

    def fits(text: str) -> bool:
        end = len(text) - len(last)
        at = len(first)
        if at > end or not text.startswith(first) or not text.endswith(last):
            return False
        for part in middle:
            at = text.find(part, at, end)
            if at < 0:
                return False
            at += len(part)
        return True

    return fits


def by_name(fields: Iterable[Field]) -> dict[str, Field]:
    """Each field by its name and by its other names."""
    return {name: field for field in fields for name in (field.name, *field.aliases)}
