"""Statements of hot paths: compiled once to the driver's own text, run with plain tuples.

To build a statement costs about five times what its execution does. And at every row over which the driver
steps it lets go of the interpreter: while other threads work, to get it back takes longer than the row. So
many rows are read and written in one step.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import ClauseElement, ColumnElement, Connection, Float, LargeBinary, Select, Table, bindparam

Row = Sequence[Any]
IDS = "ids"
_SIZES = (1, 4, 16, 64, 256, 1024, 4096)
"""Lists are filled up to one of these lengths: few texts, which the driver keeps prepared."""
_TOGETHER = (1, 4, 16, 64, 128, 256, 512)
"""Rows that are written by one statement, for the same reason."""
_MOST_PACKED = 100
"""Columns: SQLite gives no function more than 127 arguments."""

_unpack = msgspec.json.Decoder(list[tuple[Any, ...]]).decode


def among(column: Any) -> ColumnElement[bool]:
    """The column is one of the ids that are given to `Prepared.listed`."""
    found: ColumnElement[bool] = column.in_(bindparam(IDS, expanding=True))
    return found


class Prepared:
    """A statement with named parameters, which are given in the order of `names`. Values are handed to the
    driver and taken from it as they are."""

    __slots__ = ("_names", "_packed", "_statement", "_texts")

    def __init__(self, statement: ClauseElement, *names: str) -> None:
        self._statement = statement
        self._names = names
        self._packed = _columns_to_pack(statement)
        self._texts: dict[tuple[str, int], tuple[str, list[int]]] = {}

    def all(self, connection: Connection, *values: Any) -> Sequence[Row]:
        text, order = self._text(connection)
        return self._rows(connection, text, tuple([values[place] for place in order]))

    def listed(self, connection: Connection, ids: Iterable[int]) -> list[Row]:
        """The rows for ids, the one parameter of the statement (see `among`). They come in the order of the
        statement as far as the ids are ordered, because long lists are asked for piece by piece."""
        rows: list[Row] = []
        for piece in _pieces(list(ids)):
            text, _ = self._text(connection, len(piece))
            rows += self._rows(connection, text, piece)
        return rows

    def _rows(self, connection: Connection, text: str, values: tuple[Any, ...]) -> Sequence[Row]:
        found = connection.exec_driver_sql(text, values)
        return _unpack(found.scalar_one()) if self._packed else found.all()

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
        if self._packed:
            text = _pack(text, self._packed)
        return text, [self._names.index(name) for name in compiled.positiontup if name != IDS]


class _Bulk:
    """A statement for a list of rows, which is filled up with the last of them to one of a few lengths."""

    __slots__ = ("_names", "_table", "_texts", "_width")

    def __init__(self, table: Table, names: Sequence[str], width: int) -> None:
        self._table = table
        self._names = names
        self._width = width
        self._texts: dict[tuple[str, int], str] = {}

    def _run(self, connection: Connection, rows: Sequence[Row], *last: int) -> None:
        size = next(size for size in _TOGETHER if size >= len(rows))
        key = connection.dialect.name, size
        text = self._texts.get(key)
        if text is None:
            one = f"({', '.join('?' * self._width)})"
            text = self._texts[key] = self._around(connection, ", ".join([one] * size))
        values = [value for row in rows for value in row]
        values += [*rows[-1]] * (size - len(rows))
        connection.exec_driver_sql(text, (*values, *last))

    def _around(self, connection: Connection, rows: str) -> str:
        """The whole statement."""
        raise NotImplementedError


class BulkInsert(_Bulk):
    """Rows with these columns of a table."""

    __slots__ = ()

    def __init__(self, table: Table, names: Sequence[str]) -> None:
        super().__init__(table, names, len(names))

    def run(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Insert them in their order; each has its values in the order of the columns."""
        for piece in _batches(rows):
            self._run(connection, piece, len(piece))

    def _around(self, connection: Connection, rows: str) -> str:
        quote = connection.dialect.identifier_preparer.quote
        columns = ", ".join(quote(name) for name in self._names)
        table = quote(self._table.name)
        return f"INSERT INTO {table} ({columns}) SELECT * FROM (VALUES {rows}) AS given LIMIT ?"  # noqa: S608


class BulkUpdate(_Bulk):
    """These columns of the rows of a table, which are found by their `id`."""

    __slots__ = ()

    def __init__(self, table: Table, names: Sequence[str]) -> None:
        super().__init__(table, names, len(names) + 1)

    def run(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Each of `rows` has the new values in the order of the columns, and then the id."""
        for piece in _batches(rows):
            self._run(connection, piece)

    def _around(self, connection: Connection, rows: str) -> str:
        quote = connection.dialect.identifier_preparer.quote
        # The columns of a list of values have these names in every database.
        sets = ", ".join(f"{quote(name)} = given.column{at}" for at, name in enumerate(self._names, 1))
        table = quote(self._table.name)
        found = f"{table}.{quote('id')} = given.column{self._width}"
        return f"UPDATE {table} SET {sets} FROM (VALUES {rows}) AS given WHERE {found}"  # noqa: S608


def _batches(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    for start in range(0, len(rows), _TOGETHER[-1]):
        yield rows[start : start + _TOGETHER[-1]]


def _columns_to_pack(statement: ClauseElement) -> int:
    """How many columns there are that arrive as one value, in JSON; 0 where JSON would change any of them."""
    if not isinstance(statement, Select):
        return 0
    columns = statement.selected_columns
    if len(columns) > _MOST_PACKED or any(isinstance(one.type, Float | LargeBinary) for one in columns):
        return 0
    return len(columns)


def _pack(text: str, columns: int) -> str:
    """The query with one row, which has one value: all rows in JSON, in their order."""
    names = ", ".join(f"c{n}" for n in range(columns))
    rows = f"json_group_array(json_array({names}))"
    return f"WITH packed ({names}) AS ({text}) SELECT {rows} FROM packed"  # noqa: S608


def _pieces(ids: list[int]) -> Iterator[tuple[int, ...]]:
    for start in range(0, len(ids), _SIZES[-1]):
        piece = ids[start : start + _SIZES[-1]]
        size = next(size for size in _SIZES if size >= len(piece))
        yield tuple(piece + piece[-1:] * (size - len(piece)))
