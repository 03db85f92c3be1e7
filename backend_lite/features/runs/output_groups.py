"""Runs of a rollout by what they wrote: which are the same, and which differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, and_, func, select
from sqlalchemy.orm import Session

from agent.wire.states import RUN_ENDS, STEP_ENDS
from backend_lite.contract.encodings import decode, guess, marked, visible
from backend_lite.contract.output import OutputGroup, OutputGroups
from backend_lite.core.db.database import Database
from backend_lite.core.db.query_sql import Condition
from backend_lite.core.security.principal import Groups
from backend_lite.errors import InvalidError
from backend_lite.features.runs.output_store import OutputStore
from backend_lite.features.runs.reach import Reach
from backend_lite.features.runs.tables import AttemptRow, RunRow, SmallOutputRow, StepRow

MOST_IDS = 1000
SAMPLED = 100
"""Only so many groups, the largest, come with the first lines of their output."""
_SAMPLE_BYTES = 2 << 10
_SAMPLE_LINES = 5
_SAMPLE_CHARACTERS = 500


@dataclass(slots=True)
class _Group:
    """`attempt_id` is the one of which a sample can be shown."""

    key: str | None
    runs: list[int] = field(default_factory=list)
    states: Counter[str] = field(default_factory=Counter)
    exit_codes: set[int | None] = field(default_factory=set)
    size: int = 0
    attempt_id: int | None = None
    sample: str = ""

    def shown(self) -> OutputGroup:
        codes = sorted(self.exit_codes, key=lambda code: (code is None, code or 0))
        return OutputGroup(
            key=self.key,
            count=len(self.runs),
            run_ids=self.runs[:MOST_IDS],
            states=dict(self.states),
            exit_codes=codes,
            size=self.size,
            sample=self.sample,
        )


class OutputGrouping:
    def __init__(self, database: Database, output: OutputStore, reach: Reach) -> None:
        self._database = database
        self._reach = reach
        self._output = output

    async def of_rollout(self, rollout_id: int, step: int | None, groups: Groups) -> OutputGroups:
        """The largest group first; by the output of one step, or of whole runs, of the runs in reach."""
        if step is not None and step < 1:
            raise InvalidError("step must be at least 1.")
        found = await self._database.read(lambda session: self._find(session, rollout_id, step, groups))
        for group in found[:SAMPLED]:
            if group.attempt_id is not None and not group.sample:
                group.sample = await self._sample(group.attempt_id)
        return OutputGroups([group.shown() for group in found])

    def _find(self, session: Session, rollout_id: int, step: int | None, groups: Groups) -> list[_Group]:
        self._reach.rollout(session, rollout_id, groups)
        return _groups(session, _rows(session, rollout_id, step, self._reach.runs(groups)), step)

    async def _sample(self, attempt_id: int) -> str:
        for stream in (0, 1):
            raw = await self._output.read(attempt_id, stream, 0, _SAMPLE_BYTES)
            if raw:
                return _first_lines(raw)
        return ""


def _groups(session: Session, found: Iterable[Row[Any]], step: int | None) -> list[_Group]:
    groups: dict[str | None, _Group] = {}
    for rows in _by_run(found):
        last = rows[-1]
        ended = last.state in (STEP_ENDS if step is not None else RUN_ENDS)
        key = last.output_key if ended else None
        group = groups.setdefault(key, _Group(key))
        group.runs.append(last.run_id)
        group.states[last.state] += 1
        codes = [row.exit_code for row in rows if row.exit_code is not None]
        group.exit_codes.add(codes[-1] if codes else None)
        if key is not None and group.attempt_id is None:
            group.size = sum(row.size or 0 for row in rows)
            group.attempt_id = next((row.attempt_id for row in rows if row.size), None)
    ordered = sorted(groups.values(), key=lambda group: (-len(group.runs), group.runs[0]))
    _take_small_samples(session, ordered[:SAMPLED])
    return ordered


def _rows(session: Session, rollout_id: int, step: int | None, among: Condition) -> Iterable[Row[Any]]:
    """One row for each step, or for that one, of each run `among` those that are meant."""
    one = step is not None
    query = (
        select(
            RunRow.id.label("run_id"),
            (StepRow if one else RunRow).state.label("state"),
            (AttemptRow if one else RunRow).output_key.label("output_key"),
            StepRow.exit_code,
            AttemptRow.id.label("attempt_id"),
            (AttemptRow.stdout_size + AttemptRow.stderr_size).label("size"),
        )
        .join(StepRow, StepRow.run_id == RunRow.id)
        .outerjoin(AttemptRow, and_(AttemptRow.step_id == StepRow.id, AttemptRow.n == StepRow.attempt))
        .where(RunRow.rollout_id == rollout_id, among)
        .order_by(RunRow.id, StepRow.n)
    )
    return session.execute(query.where(StepRow.n == step) if one else query)


def _by_run(rows: Iterable[Row[Any]]) -> Iterable[list[Row[Any]]]:
    found: list[Row[Any]] = []
    for row in rows:
        if found and found[-1].run_id != row.run_id:
            yield found
            found = []
        found.append(row)
    if found:
        yield found


def _take_small_samples(session: Session, groups: list[_Group]) -> None:
    """The samples of outputs that are in the database, by one question for all."""
    by_attempt = {group.attempt_id: group for group in groups if group.attempt_id is not None}
    query = select(
        SmallOutputRow.attempt_id,
        func.substr(SmallOutputRow.stdout, 1, _SAMPLE_BYTES),
        func.substr(SmallOutputRow.stderr, 1, _SAMPLE_BYTES),
    ).where(SmallOutputRow.attempt_id.in_(by_attempt))
    for attempt_id, stdout, stderr in session.execute(query):
        by_attempt[attempt_id].sample = _first_lines(bytes(stdout or stderr))


def _first_lines(raw: bytes) -> str:
    text = visible(decode(raw, marked(raw) or guess(raw)))[0].removeprefix("\ufeff")
    return "\n".join(text.splitlines()[:_SAMPLE_LINES])[:_SAMPLE_CHARACTERS]
