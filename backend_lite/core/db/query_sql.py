"""A query (`contract.query`) as a condition in SQL, true for the same rows as in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    SQLColumnExpression,
    String,
    and_,
    bindparam,
    exists,
    false,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement, GenericFunction

from backend_lite.contract.query import (
    And,
    Field,
    Match,
    Node,
    Not,
    Number,
    Or,
    Pattern,
    QueryError,
    Search,
    parse,
)
from backend_lite.contract.query_fields import NO, YES
from backend_lite.contract.query_match import value_test
from backend_lite.contract.query_nodes import is_whole, parts_of
from backend_lite.core.db.base import Id
from backend_lite.errors import InvalidError

Column: TypeAlias = SQLColumnExpression[Any]
Condition: TypeAlias = ColumnElement[bool]
Clause = Callable[[Match], Condition]
"""One field's comparison as a condition, which may be NULL where there is no value."""

Finder = Callable[[Pattern], Condition]
"""How a word or phrase is looked for; it may be NULL where there is nothing to look into."""

_ESCAPE = "\\"


class folded(FunctionElement[str]):  # noqa: N801
    """The text without its case."""

    name = "folded"
    type = String()
    inherit_cache = True


@compiles(folded)
def _lower(element: folded, compiler: Any, **more: Any) -> str:
    return f"lower({compiler.process(element.clauses, **more)})"


@compiles(folded, "sqlite")
def _casefold(element: folded, compiler: Any, **more: Any) -> str:
    return f"casefold({compiler.process(element.clauses, **more)})"


class json_elements(GenericFunction[Any]):  # noqa: N801
    """The elements of a JSON list as rows of one column `value`."""

    inherit_cache = True


@compiles(json_elements)
def _json_array_elements(element: json_elements, compiler: Any, **more: Any) -> str:
    return f"json_array_elements_text({compiler.process(element.clauses, **more)})"


@compiles(json_elements, "sqlite")
def _json_each(element: json_elements, compiler: Any, **more: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **more)})"


def parsed(text: str, fields: Iterable[Field]) -> Node:
    """Raises InvalidError (`bad_query`) with the sentence and the place of the mistake."""
    try:
        return parse(text, fields)
    except QueryError as error:
        raise InvalidError(error.sentence(), code="bad_query") from error


def where(node: Node, search: Column | Finder, clauses: Mapping[str, Clause]) -> Condition:
    """The condition for `node`, never NULL; `search` holds all labels, case-folded, or says how words are
    looked for."""
    match node:
        case Search():
            found = search(node.pattern) if callable(search) else like(search, node.pattern)
            return _present(found)
        case Match():
            return _present(clauses[node.field](node))
        case Not():
            return ~where(node.node, search, clauses)
        case And():
            return and_(true(), *(where(one, search, clauses) for one in node.nodes))
        case Or():
            return or_(false(), *(where(one, search, clauses) for one in node.nodes))


def texts(expression: Column) -> Clause:
    """For a field whose value is a text."""

    def clause(match: Match) -> Condition:
        return or_(*(like(folded(expression), p, whole=is_whole(match, p)) for p in _patterns(match)))

    return clause


def elements(column: Column) -> Clause:
    """For a field whose value is a JSON list of texts."""

    def clause(match: Match) -> Condition:
        table = json_elements(column).table_valued("value")
        return exists(select(1).select_from(table).where(texts(table.c.value)(match)))

    return clause


def numbers(expression: Column) -> Clause:
    """For a field whose value is a number, in the unit of its kind."""

    def clause(match: Match) -> Condition:
        return or_(*(_compare(expression, match.op, value) for value in match.values))

    return clause


def ages(column: Column, now_ms: int) -> Clause:
    """For a field whose value is the time since the moment in a column (milliseconds since 1970)."""
    return numbers((now_ms - column) / 1000.0)


def whether(condition: Condition) -> Clause:
    """For a field that is yes where `condition` holds, and no elsewhere."""

    def clause(match: Match) -> Condition:
        fits = value_test(match)
        held, missed = (true() if fits(word) else false() for word in (YES, NO))
        return or_(condition & held, ~condition & missed)

    return clause


def among(column: Column, ids: Iterable[int]) -> Condition:
    """Whether an id is one of any number of them. They are written out as numbers: there are fewer parameters
    to a statement than devices in a fleet, and SQLite 3.40 can fail over a list read from JSON within IN."""
    return column.in_(bindparam(None, list(ids), Id, expanding=True, literal_execute=True))


def _present(condition: Condition) -> Condition:
    return func.coalesce(condition, false())


def _patterns(match: Match) -> list[Pattern]:
    return [value for value in match.values if isinstance(value, Pattern)]


def like(folded_text: Column, pattern: Pattern, *, whole: bool = False) -> Condition:
    """The case-folded text is the pattern as a whole, or holds it."""
    text = "%".join(map(_escaped, parts_of(pattern)))
    return folded_text.like(text if whole else f"%{text}%", escape=_ESCAPE)


def _escaped(text: str) -> str:
    for character in (_ESCAPE, "%", "_"):
        text = text.replace(character, _ESCAPE + character)
    return text


def _compare(expression: Column, op: str, value: Pattern | Number) -> Condition:
    if isinstance(value, Pattern):
        return expression.is_not(None)
    return _OPERATORS[op](expression, value.amount)


_OPERATORS: dict[str, Callable[[Any, float], Condition]] = {
    ":": lambda a, b: a == b,
    "=": lambda a, b: a == b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
