"""Rows of the hot path as plain objects: the names and defaults of the mapped classes, and no mapping.

Attributes of mapped classes cost ten times as much. A row remembers what the database holds (`stored`), so
that only what has changed is written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import field, make_dataclass
from itertools import compress
from operator import attrgetter, ne
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import JSON, Column, Connection, Table
from sqlalchemy.engine import Dialect

from backend_lite.core.db.base import Base
from backend_lite.core.db.prepared import BulkInsert, BulkUpdate
from backend_lite.features.runs.tables import (
    AttemptRow,
    RolloutRow,
    RolloutTaskRow,
    RunRow,
    SmallOutputRow,
    StepRow,
    StepSecretsRow,
    TaskFileRow,
)

R = TypeVar("R", bound=Base)
Conversions = list[tuple[int, Callable[[Any], Any]]]


class Kind(Generic[R]):
    """The plain rows of a table; type checkers see its mapped class, whose attributes they have.

    `names` are the columns that are loaded and saved; those called `unloaded` are only inserted.
    """

    def __init__(self, mapped: type[R], *unloaded: str) -> None:
        self.table = cast("Table", mapped.__table__)
        self.names = [column.name for column in self.table.columns if column.name not in unloaded]
        self.columns = [self.table.c[name] for name in self.names]
        every = [*self.columns, *(self.table.c[name] for name in unloaded)]
        shape = [(column.name, Any, _default(column)) for column in every]
        stored = ("stored", Any, field(default=(), repr=False))
        self.new = cast("type[R]", make_dataclass(mapped.__name__, [stored, *shape], slots=True, eq=False))
        self._make = cast("Any", self.new)
        self._has_json = any(isinstance(column.type, JSON) for column in self.columns)
        self._place = {name: place for place, name in enumerate(self.names)}
        self._values = attrgetter(*self.names)
        self._inserted = [column for column in every if column.name != "id"]
        inserted = [column.name for column in self._inserted]
        self._insert = BulkInsert(self.table, inserted)
        self._insert_values = attrgetter(*inserted)
        self._updates: dict[tuple[bool, ...], BulkUpdate] = {}
        self._read: dict[str, Conversions] = {}
        self._written: dict[str, Conversions] = {}

    def load(self, connection: Connection, values: Sequence[Any]) -> R:
        """The row whose columns `names` the driver gave as `values`."""
        taken = tuple(self._converted(connection.dialect, values) if self._has_json else values)
        row: R = self._make(taken, *taken)
        return row

    def note(self, row: R) -> None:
        """What the row holds now is what the database holds."""
        row.stored = self._values(row)  # type: ignore[attr-defined]

    def before(self, row: R, name: str) -> Any:
        """The value that the database holds; None for a new row."""
        stored = row.stored  # type: ignore[attr-defined]
        return stored[self._place[name]] if stored else None

    def has_changed(self, row: R) -> bool:
        return bool(self._values(row) != row.stored)  # type: ignore[attr-defined]

    def save(self, connection: Connection, rows: Iterable[R]) -> None:
        """Write what has changed, by one statement for each set of columns. Lists never change."""
        writes: dict[tuple[bool, ...], list[tuple[Any, ...]]] = defaultdict(list)
        values_of = self._values
        row: Any
        for row in rows:
            now, stored = values_of(row), row.stored
            if now != stored:
                mask = tuple(map(ne, now, stored))
                writes[mask].append((*compress(now, mask), row.id))
                row.stored = now
        for mask, values in writes.items():
            self._update_of(mask).run(connection, values)

    def insert(self, connection: Connection, rows: Sequence[R]) -> None:
        """In their order; ids that the database gives are not read."""
        if not rows:
            return
        conversions = self._written.get(connection.dialect.name)
        if conversions is None:
            conversions = _conversions(self._inserted, connection.dialect, written=True)
            self._written[connection.dialect.name] = conversions
        self._insert.run(connection, [_apply(conversions, self._insert_values(row)) for row in rows])

    def _converted(self, dialect: Dialect, values: Sequence[Any]) -> Sequence[Any]:
        conversions = self._read.get(dialect.name)
        if conversions is None:
            conversions = self._read[dialect.name] = _conversions(self.columns, dialect, written=False)
        return _apply(conversions, values)

    def _update_of(self, mask: tuple[bool, ...]) -> BulkUpdate:
        found = self._updates.get(mask)
        if found is None:
            found = self._updates[mask] = BulkUpdate(self.table, list(compress(self.names, mask)))
        return found


def _default(column: Column[Any]) -> Any:
    default = cast("Any", column.default)
    if default is None:
        return field(default=None)
    if default.is_callable:
        return field(default_factory=lambda: default.arg(None))
    return field(default=default.arg)


def _conversions(columns: Sequence[Column[Any]], dialect: Dialect, *, written: bool) -> Conversions:
    """What makes JSON of lists, and lists of JSON; all other types are the driver's own."""
    found: Conversions = []
    for place, column in enumerate(columns):
        impl = column.type.dialect_impl(dialect)
        convert = impl.bind_processor(dialect) if written else impl.result_processor(dialect, None)
        if isinstance(column.type, JSON) and convert is not None:
            found.append((place, convert))
    return found


def _apply(conversions: Conversions, values: Sequence[Any]) -> Sequence[Any]:
    if not conversions:
        return values
    changed = list(values)
    for place, convert in conversions:
        changed[place] = convert(changed[place])
    return changed


# A rollout may be for thousands of devices and carry long parameters: no permit needs to read them.
ROLLOUT_ROWS = Kind(RolloutRow, "arguments", "parameters", "targets", "policy")
RUN_ROWS = Kind(RunRow)
STEP_ROWS = Kind(StepRow)
ATTEMPT_ROWS = Kind(AttemptRow)
SMALL_OUTPUT_ROWS = Kind(SmallOutputRow)
TASK_ROWS = Kind(RolloutTaskRow)
TASK_FILE_ROWS = Kind(TaskFileRow)
STEP_SECRETS_ROWS = Kind(StepSecretsRow)
