"""Runs with everything that changes along with them: loaded together, written back by what changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import msgspec
from sqlalchemy import Connection, Text, and_, bindparam, func, select
from sqlalchemy import cast as sql_cast

from agent.wire.states import STEP_ENDS
from backend_lite.contract.runs import Policy
from backend_lite.core.db.prepared import Prepared, among
from backend_lite.features.runs.rows import ATTEMPT_ROWS, ROLLOUT_ROWS, RUN_ROWS, STEP_ROWS
from backend_lite.features.runs.tables import (
    JOINED_OPEN_STEP,
    OPEN_STEP,
    AttemptRow,
    RolloutRow,
    RunRow,
    StepRow,
)


@dataclass(slots=True)
class RunParts:
    """`steps` in their order; `attempts` are the current ones, `tries` the earlier ones, by step id. Runs
    loaded together share their rollout, which then lacks its arguments, parameters and targets. Every
    change is saved before anything is loaded again."""

    rollout: RolloutRow
    run: RunRow
    steps: list[StepRow] = field(default_factory=list)
    attempts: dict[int, AttemptRow] = field(default_factory=dict)
    policy: Policy = field(default_factory=Policy)
    tries: dict[int, list[AttemptRow]] = field(default_factory=dict)

    @property
    def next_step(self) -> StepRow:
        """The first step that has not ended, or the last one."""
        return next((step for step in self.steps if step.state not in STEP_ENDS), self.steps[-1])

    def attempt_of(self, step: StepRow) -> AttemptRow | None:
        return self.attempts.get(step.id)

    def step(self, step_id: int) -> StepRow:
        return next(step for step in self.steps if step.id == step_id)


@dataclass(slots=True)
class RolloutParts:
    """A rollout by itself, without its arguments, parameters and targets."""

    rollout: RolloutRow
    policy: Policy

    def save(self, connection: Connection) -> bool:
        """Write what has changed; True when anything has."""
        changed = ROLLOUT_ROWS.has_changed(self.rollout)
        ROLLOUT_ROWS.save(connection, [self.rollout])
        return changed


def save_all(connection: Connection, many: Sequence[RunParts]) -> None:
    """Write the changes of all of them, with one statement for each sort of change."""
    ROLLOUT_ROWS.save(connection, rollouts_of(many))
    RUN_ROWS.save(connection, [parts.run for parts in many])
    STEP_ROWS.save(connection, [step for parts in many for step in parts.steps])
    ATTEMPT_ROWS.save(connection, [attempt for parts in many for attempt in parts.attempts.values()])


def rollouts_of(many: Iterable[RunParts]) -> list[RolloutRow]:
    """Their rollouts, each once."""
    return list({id(parts.rollout): parts.rollout for parts in many}.values())


def insert_attempts(connection: Connection, attempts: Sequence[AttemptRow]) -> None:
    """New current attempts, one for each step; they get their ids."""
    ATTEMPT_ROWS.insert(connection, attempts)
    # Later attempts of a step have higher ids.
    found = _ATTEMPT_IDS.listed(connection, [attempt.step_id for attempt in attempts])
    ids = {row[0]: row[1] for row in found}
    for attempt in attempts:
        attempt.id = ids[attempt.step_id]
        ATTEMPT_ROWS.note(attempt)


def insert_rollout(connection: Connection, rollout: RolloutRow) -> None:
    ROLLOUT_ROWS.insert(connection, [rollout])
    ((rollout.id,),) = _NEWEST_ROLLOUT.all(connection)
    ROLLOUT_ROWS.note(rollout)


def refresh_rollout(connection: Connection, rollout: RolloutRow) -> None:
    """Take over what others have changed within the same write."""
    now = _rollouts(connection, [rollout.id])[rollout.id].rollout
    for name in ROLLOUT_ROWS.names:
        setattr(rollout, name, getattr(now, name))
    ROLLOUT_ROWS.note(rollout)


def insert_runs(connection: Connection, runs: Sequence[RunRow]) -> None:
    """The first runs of a rollout; they get their ids."""
    RUN_ROWS.insert(connection, runs)
    for run, (run_id,) in zip(runs, _RUN_IDS.all(connection, runs[0].rollout_id), strict=True):
        run.id = run_id
        RUN_ROWS.note(run)


def insert_steps(connection: Connection, steps: Sequence[StepRow]) -> None:
    """All steps of new runs, run by run and in their order; they get their ids."""
    STEP_ROWS.insert(connection, steps)
    ids = _STEP_IDS.listed(connection, list(dict.fromkeys(step.run_id for step in steps)))
    for step, (step_id,) in zip(steps, ids, strict=True):
        step.id = step_id
        STEP_ROWS.note(step)


def load_runs(connection: Connection, run_ids: Iterable[int]) -> list[RunParts]:
    """The runs that there are, in the order of `run_ids`."""
    wanted = list(run_ids)
    found = {parts.run.id: parts for parts in _load(connection, _BY_RUNS, wanted)}
    return [found[run_id] for run_id in wanted if run_id in found]


def load_run(connection: Connection, run_id: int) -> RunParts | None:
    return next(iter(load_runs(connection, [run_id])), None)


def load_runs_of_steps(connection: Connection, step_ids: Sequence[int]) -> dict[int, RunParts]:
    """By the id of each step: the run that has it."""
    wanted = set(step_ids)
    found = _load(connection, _BY_STEPS, list(wanted))
    return {step.id: parts for parts in found for step in parts.steps if step.id in wanted}


def load_open_runs(connection: Connection, device_ids: Sequence[int]) -> list[RunParts]:
    """The devices' runs that have a step which has not ended, oldest first."""
    return _load(connection, _OPEN, device_ids)


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


def open_steps(connection: Connection, device_ids: Sequence[int]) -> dict[int, list[OpenStep]]:
    """By the id of each device: its steps that have not ended, oldest first."""
    found: dict[int, list[OpenStep]] = defaultdict(list)
    rollouts: dict[int, RolloutParts] = {}
    rows = _OPEN_STEPS.listed(connection, device_ids)
    if rows:
        rollouts = _rollouts(connection, {row[-1] for row in rows})
    for device_id, step_id, run_id, state, reason, wave, rollout_id in rows:
        parts = rollouts[rollout_id]
        gate = parts.rollout.state, parts.rollout.wave, parts.policy
        found[device_id].append(OpenStep(step_id, run_id, state, reason, wave, *gate))
    return found


def load_rollout(connection: Connection, rollout_id: int) -> RolloutParts | None:
    return _rollouts(connection, {rollout_id}).get(rollout_id)


def _rollouts(connection: Connection, rollout_ids: Iterable[int]) -> dict[int, RolloutParts]:
    rows = _ROLLOUTS.listed(connection, list(rollout_ids))
    return {
        row[0]: RolloutParts(ROLLOUT_ROWS.load(connection, row[:-1]), decode_policy(row[-1])) for row in rows
    }


def _load(connection: Connection, query: Prepared, ids: Sequence[int]) -> list[RunParts]:
    rows = query.listed(connection, ids)
    if not rows:
        return []
    rollouts = _rollouts(connection, {row[_ROLLOUT_ID] for row in rows})
    found: dict[int, RunParts] = {}
    tried: dict[int, RunParts] = {}
    for row in rows:
        parts = found.get(row[0])
        if parts is None:
            shared = rollouts[row[_ROLLOUT_ID]]
            run = RUN_ROWS.load(connection, row[:_RUN_END])
            parts = found[row[0]] = RunParts(shared.rollout, run, policy=shared.policy)
        step = STEP_ROWS.load(connection, row[_RUN_END:_STEP_END])
        parts.steps.append(step)
        if row[_STEP_END] is not None:
            parts.attempts[step.id] = ATTEMPT_ROWS.load(connection, row[_STEP_END:])
        if step.attempt > 1:
            tried[step.id] = parts
    if tried:
        _load_tries(connection, tried)
    return list(found.values())


def _load_tries(connection: Connection, tried: dict[int, RunParts]) -> None:
    current = {attempt.id for parts in tried.values() for attempt in parts.attempts.values()}
    for row in _TRIES.listed(connection, list(tried)):
        attempt = ATTEMPT_ROWS.load(connection, row)
        if attempt.id not in current:
            tried[attempt.step_id].tries.setdefault(attempt.step_id, []).append(attempt)


@lru_cache(4096)
def decode_policy(text: str) -> Policy:
    """The policy in a rollout's row. It is found again by its text: no id, which an undone write may give
    away twice."""
    return msgspec.json.decode(text, type=Policy)


_ROLLOUT_ID = RUN_ROWS.names.index("rollout_id")
_RUN_END = len(RUN_ROWS.names)
_STEP_END = _RUN_END + len(STEP_ROWS.names)

_RUNS = (
    select(*RUN_ROWS.columns, *STEP_ROWS.columns, *ATTEMPT_ROWS.columns)
    .select_from(RUN_ROWS.table)
    .join(STEP_ROWS.table, StepRow.run_id == RunRow.id)
    .outerjoin(ATTEMPT_ROWS.table, and_(AttemptRow.step_id == StepRow.id, AttemptRow.n == StepRow.attempt))
    .order_by(RunRow.id, StepRow.n)
)
_BY_RUNS = Prepared(_RUNS.where(among(RunRow.id)))
_BY_STEPS = Prepared(_RUNS.where(RunRow.id.in_(select(StepRow.run_id).where(among(StepRow.id)))))
_OPEN = Prepared(
    _RUNS.where(RunRow.id.in_(select(StepRow.run_id).where(among(StepRow.device_id), OPEN_STEP)))
)
_TRIES = Prepared(
    select(*ATTEMPT_ROWS.columns)
    .where(among(AttemptRow.step_id), AttemptRow.outcome.is_not(None))
    .order_by(AttemptRow.id)
)
_ROLLOUTS = Prepared(
    select(*ROLLOUT_ROWS.columns, sql_cast(RolloutRow.policy, Text)).where(among(RolloutRow.id))
)
_OPEN_STEPS = Prepared(
    select(
        StepRow.device_id,
        StepRow.id,
        StepRow.run_id,
        StepRow.state,
        StepRow.reason,
        RunRow.wave,
        RunRow.rollout_id,
    )
    .join(RunRow, RunRow.id == StepRow.run_id)
    .where(among(StepRow.device_id), JOINED_OPEN_STEP)
    .order_by(StepRow.id)
)
_NEWEST_ROLLOUT = Prepared(select(func.max(RolloutRow.id)))
_RUN_IDS = Prepared(
    select(RunRow.id).where(RunRow.rollout_id == bindparam("rollout_id")).order_by(RunRow.id), "rollout_id"
)
_STEP_IDS = Prepared(select(StepRow.id).where(among(StepRow.run_id)).order_by(StepRow.run_id, StepRow.n))
_ATTEMPT_IDS = Prepared(
    select(AttemptRow.step_id, AttemptRow.id).where(among(AttemptRow.step_id)).order_by(AttemptRow.id)
)
