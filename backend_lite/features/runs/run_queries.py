"""Queries of runs and rollouts (`contract.query`) as conditions that SQLite can answer by an index.

The condition of a whole query hides its columns from the planner. So what must be true in any case is said
once more, plainly, where there is an index for it.
"""

from __future__ import annotations

from sqlalchemy import and_, func, select

from agent.wire.states import RUN_ENDS, RunState
from backend_lite.contract.query import And, Match, Node
from backend_lite.contract.query_match import value_test
from backend_lite.contract.rollout_query import ROLLOUT_FIELDS
from backend_lite.contract.run_query import RUN_FIELDS
from backend_lite.core.db.query_sql import (
    Clause,
    Column,
    Condition,
    ages,
    folded,
    numbers,
    parsed,
    texts,
    where,
)
from backend_lite.features.runs.tables import TROUBLED, RolloutRow, RunRow, StepRow

_TROUBLED = RUN_ENDS - {RunState.SUCCEEDED}
_INDEXED = frozenset({"state", "script", "rollout", "by", "run"})

_LAST_EXIT_CODE = (
    select(StepRow.exit_code)
    .where(StepRow.run_id == RunRow.id, StepRow.exit_code.is_not(None))
    .order_by(StepRow.n.desc())
    .limit(1)
    .correlate(RunRow)
    .scalar_subquery()
)


def run_conditions(text: str, now_ms: int) -> list[Condition]:
    """All of them are true for the rows of runs that the query finds. Raises InvalidError (`bad_query`)."""
    node, clauses = parsed(text, RUN_FIELDS), _run_clauses(now_ms)
    plain = [clauses[match.field](match) for match in _always(node) if match.field in _INDEXED]
    return [*plain, where(node, _labels(), clauses)]


def rollout_condition(text: str, now_ms: int) -> Condition:
    """True for the rows of rollouts that the query finds. Raises InvalidError (`bad_query`)."""
    labels = folded(RolloutRow.title + "\n" + RolloutRow.created_by)
    return where(parsed(text, ROLLOUT_FIELDS), labels, _rollout_clauses(now_ms))


def state_condition(states: list[RunState]) -> Condition:
    """In one of the states; said so that an index is used where they are few among all runs."""
    if states and set(states) <= _TROUBLED:
        return and_(TROUBLED, RunRow.state.in_(states))
    if RUN_ENDS.isdisjoint(states):
        return RunRow.state.in_(states)
    # Most runs are like this: the newest of them are found soonest by going back from the newest of all.
    return func.coalesce(RunRow.state, "").in_(states)


def _always(node: Node) -> list[Match]:
    """Comparisons without which nothing is found."""
    nodes = node.nodes if isinstance(node, And) else (node,)
    return [one for one in nodes if isinstance(one, Match)]


def _run_clauses(now_ms: int) -> dict[str, Clause]:
    return {
        "state": _state,
        "reason": texts(RunRow.reason),
        "device": texts(RunRow.device),
        "script": _of_rollout(texts(RolloutRow.title)),
        "rollout": numbers(RunRow.rollout_id),
        "by": _of_rollout(texts(RolloutRow.created_by)),
        "exit": numbers(_LAST_EXIT_CODE),
        "wave": numbers(RunRow.wave),
        "asked": ages(RunRow.created_at, now_ms),
        "started": ages(RunRow.started_at, now_ms),
        "took": numbers((RunRow.ended_at - RunRow.started_at) / 1000.0),
        "ended": ages(RunRow.ended_at, now_ms),
        "run": numbers(RunRow.id),
    }


def _rollout_clauses(now_ms: int) -> dict[str, Clause]:
    return {
        "title": texts(RolloutRow.title),
        "state": texts(RolloutRow.state),
        "by": texts(RolloutRow.created_by),
        "created": ages(RolloutRow.created_at, now_ms),
        "ended": ages(RolloutRow.ended_at, now_ms),
        "id": numbers(RolloutRow.id),
    }


def _state(match: Match) -> Condition:
    fits = value_test(match)
    return state_condition([state for state in RunState if fits(state.value)])


def _of_rollout(clause: Clause) -> Clause:
    return lambda match: RunRow.rollout_id.in_(select(RolloutRow.id).where(clause(match)))


def _labels() -> Column:
    """All that is searched for words."""
    of_rollout = RolloutRow.title + "\n" + RolloutRow.created_by + "\n"
    rollout = select(of_rollout).where(RolloutRow.id == RunRow.rollout_id).scalar_subquery()
    return folded(rollout + RunRow.device)
