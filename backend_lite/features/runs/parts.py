"""A run with everything that changes along with it: loaded by one query, written back by what changed.

Runs are written thousands of times a minute, so their rows bypass the ORM's session, and every statement is
built once: building one costs about five times what its execution does. The mapped classes serve as typed
values here and are never added to a session; every change is saved before anything is loaded again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar, cast

from sqlalchemy import Select, Table, Update, and_, bindparam, insert, select, update
from sqlalchemy.orm import Session

from backend_lite.core.db.base import Base
from backend_lite.features.runs.tables import OPEN_STEP, AttemptRow, RolloutRow, RunRow, StepRow

R = TypeVar("R", bound=Base)


@dataclass(slots=True)
class RunParts:
    """`steps` in their order; `attempts` are the current ones, by step id. Runs that were loaded together
    share their rollout."""

    rollout: RolloutRow
    run: RunRow
    steps: list[StepRow] = field(default_factory=list)
    attempts: dict[int, AttemptRow] = field(default_factory=dict)
    _saved: dict[int, dict[str, Any]] = field(default_factory=dict)

    def attempt_of(self, step: StepRow) -> AttemptRow | None:
        return self.attempts.get(step.id)

    def has_step(self, step_id: int) -> bool:
        return any(step.id == step_id for step in self.steps)

    def rows(self) -> list[Base]:
        return [self.rollout, self.run, *self.steps, *self.attempts.values()]

    def remember(self) -> RunParts:
        """What the rows hold now is what the database holds."""
        self._saved = {id(row): _values(row) for row in self.rows()}
        return self

    def save(self, session: Session) -> None:
        """Write what has changed since the parts were loaded or saved."""
        for row in self.rows():
            saved, now = self._saved.get(id(row), {}), _values(row)
            changed = {name: value for name, value in now.items() if value != saved.get(name)}
            if changed:
                statement = _update(type(row), tuple(changed))
                session.connection().execute(statement, {"row_id": now["id"], **changed})
                self._saved[id(row)] = now


def insert_rows(session: Session, rows: Sequence[Base]) -> None:
    """Insert rows of one table; each gets its id, and its columns' defaults."""
    table = _table(type(rows[0]))
    for row in rows:
        for column in table.columns:
            if column.default is not None and getattr(row, column.name) is None:
                default = cast("Any", column.default)
                setattr(row, column.name, default.arg(None) if default.is_callable else default.arg)
    values = [{name: value for name, value in _values(row).items() if name != "id"} for row in rows]
    ids = session.connection().execute(_insert(type(rows[0])), values).scalars()
    for row, row_id in zip(rows, ids, strict=True):
        cast("Any", row).id = row_id


def load_runs(session: Session, run_ids: Iterable[int]) -> list[RunParts]:
    """The runs that there are, in the order of `run_ids`."""
    wanted = list(run_ids)
    found = {parts.run.id: parts for parts in _load(session, _BY_RUNS, run_ids=wanted)}
    return [found[run_id] for run_id in wanted if run_id in found]


def load_run(session: Session, run_id: int) -> RunParts | None:
    return next(iter(_load(session, _BY_RUN, run_id=run_id)), None)


def load_run_of_step(session: Session, step_id: int, device_id: int) -> RunParts | None:
    """The run that has the step, if it is the device's."""
    return next(iter(_load(session, _BY_STEP, step_id=step_id, device_id=device_id)), None)


def load_open_runs(session: Session, device_id: int) -> list[RunParts]:
    """The device's runs that have a step which has not ended, oldest first."""
    return _load(session, _OPEN, device_id=device_id)


def open_steps(session: Session, device_id: int) -> list[tuple[int, str]]:
    """(id, state) of the device's steps that have not ended, oldest first."""
    return [(row[0], row[1]) for row in session.connection().execute(_OPEN_STEPS, {"device_id": device_id})]


def _load(session: Session, query: Select[Any], **values: Any) -> list[RunParts]:
    found: dict[int, RunParts] = {}
    rollouts: dict[int, RolloutRow] = {}
    for columns in session.connection().execute(query, values):
        rollout, run, step, attempt = (columns[part] for part in _SLICES)
        parts = found.get(run[0])
        if parts is None:
            shared = rollouts.get(rollout[0])
            if shared is None:
                shared = rollouts[rollout[0]] = _row(RolloutRow, rollout)
            parts = found[run[0]] = RunParts(shared, _row(RunRow, run))
        parts.steps.append(_row(StepRow, step))
        if attempt[0] is not None:
            parts.attempts[step[0]] = _row(AttemptRow, attempt)
    return [parts.remember() for parts in found.values()]


@cache
def _update(kind: type[Base], names: tuple[str, ...]) -> Update:
    table = _table(kind)
    return (
        update(table)
        .where(table.c.id == bindparam("row_id"))
        .values({name: bindparam(name) for name in names})
    )


@cache
def _insert(kind: type[Base]) -> Any:
    table = _table(kind)
    return insert(table).returning(table.c.id, sort_by_parameter_order=True)


def _table(kind: type[Base]) -> Table:
    return cast("Table", kind.__table__)


def _values(row: Base) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _NAMES[type(row)]}


def _row(kind: type[R], values: Sequence[Any]) -> R:
    return kind(**dict(zip(_NAMES[kind], values, strict=True)))


_KINDS: tuple[type[Base], ...] = (RolloutRow, RunRow, StepRow, AttemptRow)
_NAMES: dict[type[Base], list[str]] = {
    kind: [column.name for column in _table(kind).columns] for kind in _KINDS
}


def _slices() -> list[slice]:
    """Where the columns of each table stand in a row of the query."""
    slices: list[slice] = []
    start = 0
    for kind in _KINDS:
        slices.append(slice(start, start + len(_NAMES[kind])))
        start += len(_NAMES[kind])
    return slices


_SLICES = _slices()
_QUERY = (
    select(*(column for kind in _KINDS for column in _table(kind).columns))
    .select_from(_table(RolloutRow))
    .join(_table(RunRow), RunRow.rollout_id == RolloutRow.id)
    .join(_table(StepRow), StepRow.run_id == RunRow.id)
    .outerjoin(_table(AttemptRow), and_(AttemptRow.step_id == StepRow.id, AttemptRow.n == StepRow.attempt))
    .order_by(RunRow.id, StepRow.n)
)
_BY_RUN = _QUERY.where(RunRow.id == bindparam("run_id"))
_BY_RUNS = _QUERY.where(RunRow.id.in_(bindparam("run_ids", expanding=True)))
_BY_STEP = _QUERY.where(
    RunRow.id.in_(
        select(StepRow.run_id).where(
            StepRow.id == bindparam("step_id"), StepRow.device_id == bindparam("device_id")
        )
    )
)
_OPEN_STEPS = (
    select(StepRow.id, StepRow.state)
    .where(StepRow.device_id == bindparam("device_id"), OPEN_STEP)
    .order_by(StepRow.id)
)
_OPEN = _QUERY.where(
    RunRow.id.in_(select(StepRow.run_id).where(StepRow.device_id == bindparam("device_id"), OPEN_STEP))
)
