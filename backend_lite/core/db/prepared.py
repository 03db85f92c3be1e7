"""Statements of hot paths: compiled once to the driver's own text, run with plain tuples.

To build a statement costs about five times what its execution does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import ClauseElement, ColumnElement, Connection, bindparam

Row = Sequence[Any]
IDS = "ids"
_SIZES = (1, 4, 16, 64, 256, 1024, 4096)
"""Lists are filled up to one of these lengths: few texts, which the driver keeps prepared."""


def among(column: Any) -> ColumnElement[bool]:
    """The column is one of the ids that are given to `Prepared.listed`."""
    found: ColumnElement[bool] = column.in_(bindparam(IDS, expanding=True))
    return found


class Prepared:
    """A statement with named parameters, which are given in the order of `names`. Values are handed to the
    driver and taken from it as they are."""

    __slots__ = ("_names", "_statement", "_texts")

    def __init__(self, statement: ClauseElement, *names: str) -> None:
        self._statement = statement
        self._names = names
        self._texts: dict[tuple[str, int], tuple[str, list[int]]] = {}

    def all(self, connection: Connection, *values: Any) -> Sequence[Row]:
        text, order = self._text(connection)
        return connection.exec_driver_sql(text, tuple([values[place] for place in order])).all()

    def listed(self, connection: Connection, ids: Iterable[int]) -> list[Row]:
        """The rows for ids, the one parameter of the statement (see `among`). They come in the order of the
        statement as far as the ids are ordered, because long lists are asked for piece by piece."""
        rows: list[Row] = []
        for piece in _pieces(list(ids)):
            text, _ = self._text(connection, len(piece))
            rows += connection.exec_driver_sql(text, piece).all()
        return rows

    def many(self, connection: Connection, rows: Iterable[Row]) -> None:
        """Once for each of `rows`."""
        text, order = self._text(connection)
        connection.exec_driver_sql(text, [tuple([row[place] for place in order]) for row in rows])

    def _text(self, connection: Connection, listed: int = 0) -> tuple[str, list[int]]:
        key = connection.dialect.name, listed
        found = self._texts.get(key)
        if found is None:
            found = self._texts[key] = self._compiled(connection, listed)
        return found

    def _compiled(self, connection: Connection, listed: int) -> tuple[str, list[int]]:
        compiled: Any = self._statement.compile(dialect=connection.dialect)
        if not compiled.positional:
            raise TypeError("the driver has to take its parameters by position")
        place = compiled.bindtemplate % {"name": IDS}
        text = str(compiled).replace(f"__[POSTCOMPILE_{IDS}]", ", ".join([place] * listed))
        return text, [self._names.index(name) for name in compiled.positiontup if name != IDS]


def _pieces(ids: list[int]) -> Iterator[tuple[int, ...]]:
    for start in range(0, len(ids), _SIZES[-1]):
        piece = ids[start : start + _SIZES[-1]]
        size = next(size for size in _SIZES if size >= len(piece))
        yield tuple(piece + piece[-1:] * (size - len(piece)))
