"""A run with everything that changes along with it: loaded by one query, written back by what changed.

Runs are written thousands of times a minute, so their rows bypass the ORM's session, and every statement is
built once: building one costs about five times what its execution does. The mapped classes serve as typed
values here and are never added to a session; every change is saved before anything is loaded again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, TypeVar, cast

import msgspec
from sqlalchemy import Select, Table, Text, Update, and_, bindparam, insert, select, update
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import Session

from agent.wire.states import STEP_ENDS
from backend_lite.contract.runs import Policy
from backend_lite.core.db.base import Base
from backend_lite.features.runs.tables import (
    JOINED_OPEN_STEP,
    OPEN_STEP,
    AttemptRow,
    RolloutRow,
    RunRow,
    StepRow,
)

R = TypeVar("R", bound=Base)
Changes = list[tuple[Base, dict[str, Any]]]


@dataclass(slots=True)
class RunParts:
    """`steps` in their order; `attempts` are the current ones, `tries` the earlier ones, by step id. Runs
    loaded together share their rollout, which then lacks its arguments, parameters and targets."""

    rollout: RolloutRow
    run: RunRow
    steps: list[StepRow] = field(default_factory=list)
    attempts: dict[int, AttemptRow] = field(default_factory=dict)
    policy: Policy = field(default_factory=Policy)
    tries: dict[int, list[AttemptRow]] = field(default_factory=dict)
    _saved: dict[int, dict[str, Any]] = field(default_factory=dict)

    @property
    def next_step(self) -> StepRow:
        """The first step that has not ended, or the last one."""
        return next((step for step in self.steps if step.state not in STEP_ENDS), self.steps[-1])

    def attempt_of(self, step: StepRow) -> AttemptRow | None:
        return self.attempts.get(step.id)

    def has_step(self, step_id: int) -> bool:
        return any(step.id == step_id for step in self.steps)

    def rows(self) -> list[Base]:
        return [self.rollout, self.run, *self.steps, *self.attempts.values()]

    def remember(self) -> RunParts:
        """What the rows hold now is what the database holds."""
        for row in self.rows():
            self.note(row)
        return self

    def note(self, row: Base) -> None:
        """What that row holds now is what the database holds."""
        self._saved[id(row)] = _values(row)

    def changes(self) -> Changes:
        """Each row that has changed since the parts were loaded or saved, with its new values."""
        found: Changes = []
        for row in self.rows():
            saved, now = self._saved.get(id(row), {}), _values(row)
            if now != saved:
                changed = {name: value for name, value in now.items() if value != saved.get(name)}
                found.append((row, changed))
        return found

    def changed(self, row: Base, name: str) -> bool:
        """True when that value has changed since the parts were loaded or saved."""
        return bool(getattr(row, name) != self._saved.get(id(row), {}).get(name))


def save_all(session: Session, many: Sequence[tuple[RunParts, Changes]]) -> None:
    """Write the changes of all of them, with one statement for each sort of change."""
    writes: dict[tuple[type[Base], tuple[str, ...]], dict[int, dict[str, Any]]] = defaultdict(dict)
    for parts, changes in many:
        for row, changed in changes:
            row_id = cast("Any", row).id
            writes[type(row), tuple(changed)][row_id] = {"row_id": row_id, **changed}
            parts.note(row)
    for (kind, names), rows in writes.items():
        session.connection().execute(_update(kind, names), list(rows.values()))


def insert_rows(session: Session, rows: Sequence[Base]) -> None:
    """Insert rows of one table; each gets its id, and its columns' defaults."""
    table = _table(type(rows[0]))
    for row in rows:
        for column in table.columns:
            if column.default is not None and getattr(row, column.name) is None:
                default = cast("Any", column.default)
                setattr(row, column.name, default.arg(None) if default.is_callable else default.arg)
    names = [column.name for column in table.columns if column.name != "id"]
    values = [{name: row.__dict__.get(name) for name in names} for row in rows]
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


@dataclass(frozen=True, slots=True)
class OpenStep:
    """A step that has not ended, with what decides whether it may be offered now."""

    step_id: int
    run_id: int
    state: str
    reason: str
    wave: int
    rollout_state: str
    rollout_wave: int
    policy: Policy


def open_steps(session: Session, device_id: int) -> list[OpenStep]:
    """The device's steps that have not ended, oldest first."""
    rows = session.connection().execute(_OPEN_STEPS, {"device_id": device_id})
    return [OpenStep(*row[:-1], decode_policy(row[-1])) for row in rows]


@dataclass(slots=True)
class RolloutParts:
    """A rollout by itself, without its arguments, parameters and targets."""

    rollout: RolloutRow
    policy: Policy
    _saved: dict[str, Any] = field(default_factory=dict)

    def save(self, session: Session) -> bool:
        """Write what has changed; True when anything has."""
        now = _values(self.rollout)
        changed = {name: value for name, value in now.items() if value != self._saved.get(name)}
        if changed:
            statement = _update(RolloutRow, tuple(changed))
            session.connection().execute(statement, {"row_id": self.rollout.id, **changed})
            self._saved = now
        return bool(changed)


def load_rollout(session: Session, rollout_id: int) -> RolloutParts | None:
    columns = session.connection().execute(_ROLLOUT, {"rollout_id": rollout_id}).first()
    if columns is None:
        return None
    rollout = _row(RolloutRow, columns[:-1])
    return RolloutParts(rollout, decode_policy(columns[-1]), _values(rollout))


def _load(session: Session, query: Select[Any], **values: Any) -> list[RunParts]:
    found: dict[int, RunParts] = {}
    rollouts: dict[int, RolloutRow] = {}
    for columns in session.connection().execute(query, values):
        rollout, run, step, attempt = (columns[part] for part in _SLICES)
        policy = columns[-1]
        parts = found.get(run[0])
        if parts is None:
            shared = rollouts.get(rollout[0])
            if shared is None:
                shared = rollouts[rollout[0]] = _row(RolloutRow, rollout)
            parts = found[run[0]] = RunParts(shared, _row(RunRow, run), policy=decode_policy(policy))
        parts.steps.append(_row(StepRow, step))
        if attempt[0] is not None:
            parts.attempts[step[0]] = _row(AttemptRow, attempt)
    _load_tries(session, found.values())
    return [parts.remember() for parts in found.values()]


def _load_tries(session: Session, many: Iterable[RunParts]) -> None:
    tried = {step.id: parts for parts in many for step in parts.steps if step.attempt > 1}
    if not tried:
        return
    current = {attempt.id for parts in tried.values() for attempt in parts.attempts.values()}
    for columns in session.connection().execute(_TRIES, {"step_ids": list(tried)}):
        attempt = _row(AttemptRow, columns)
        if attempt.id not in current:
            tried[attempt.step_id].tries.setdefault(attempt.step_id, []).append(attempt)


@lru_cache(4096)
def decode_policy(text: str) -> Policy:
    """The policy in a rollout's row. It is found again by its text: no id, which an undone write may give
    away twice."""
    return msgspec.json.decode(text, type=Policy)


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
    # Past the mapping, whose attributes are five times as slow: these rows are plain values.
    stored = row.__dict__
    return {name: stored.get(name) for name in _NAMES[type(row)]}


def _row(kind: type[R], values: Sequence[Any]) -> R:
    row = kind()
    row.__dict__.update(zip(_NAMES[kind], values, strict=True))
    return row


_KINDS: tuple[type[Base], ...] = (RolloutRow, RunRow, StepRow, AttemptRow)
# A rollout may be for thousands of devices and carry long parameters: no permit needs to read them.
_LEFT_OUT = {"arguments", "parameters", "targets", "policy"}
_NAMES: dict[type[Base], list[str]] = {
    kind: [
        column.name
        for column in _table(kind).columns
        if not (kind is RolloutRow and column.name in _LEFT_OUT)
    ]
    for kind in _KINDS
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
    select(
        *(_table(kind).c[name] for kind in _KINDS for name in _NAMES[kind]),
        sql_cast(RolloutRow.policy, Text),
    )
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
_TRIES = (
    select(*(_table(AttemptRow).c[name] for name in _NAMES[AttemptRow]))
    .where(AttemptRow.step_id.in_(bindparam("step_ids", expanding=True)), AttemptRow.outcome.is_not(None))
    .order_by(AttemptRow.id)
)
_ROLLOUT = select(
    *(_table(RolloutRow).c[name] for name in _NAMES[RolloutRow]), sql_cast(RolloutRow.policy, Text)
).where(RolloutRow.id == bindparam("rollout_id"))
_OPEN_STEPS = (
    select(
        StepRow.id,
        StepRow.run_id,
        StepRow.state,
        StepRow.reason,
        RunRow.wave,
        RolloutRow.state,
        RolloutRow.wave,
        sql_cast(RolloutRow.policy, Text),
    )
    .join(RunRow, RunRow.id == StepRow.run_id)
    .join(RolloutRow, RolloutRow.id == RunRow.rollout_id)
    .where(StepRow.device_id == bindparam("device_id"), JOINED_OPEN_STEP)
    .order_by(StepRow.id)
)
_OPEN = _QUERY.where(
    RunRow.id.in_(select(StepRow.run_id).where(StepRow.device_id == bindparam("device_id"), OPEN_STEP))
)
