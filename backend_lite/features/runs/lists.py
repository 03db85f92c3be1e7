"""Reading rollouts and runs: one object, or a page of them, newest first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from agent.wire.states import RUN_ENDS, RunState
from backend_lite.contract.common import Page, format_time
from backend_lite.contract.live import LIVE_ENDED_RUNS
from backend_lite.contract.runs import Rollout, Run
from backend_lite.core.clock import Clock
from backend_lite.core.db.base import storable
from backend_lite.core.db.query_sql import Condition, among
from backend_lite.core.security.principal import Groups
from backend_lite.errors import InvalidError, NotFoundError
from backend_lite.features.fleet.api import FleetApi
from backend_lite.features.runs.narrowing import narrow
from backend_lite.features.runs.parts import load_run, load_runs
from backend_lite.features.runs.reach import Reach
from backend_lite.features.runs.run_queries import rollout_condition, run_conditions, state_condition
from backend_lite.features.runs.tables import AttemptRow, RolloutRow, RunRow, StepRow
from backend_lite.features.runs.tasks import task_views
from backend_lite.features.runs.views import Views

PAGE = 100
MAX_PAGE = 1000


_TITLE = (
    select(RolloutRow.title).where(RolloutRow.id == RunRow.rollout_id).correlate(RunRow).scalar_subquery()
)
_SORTS: dict[str, Any] = {
    "id": RunRow.id,
    "device": RunRow.device,
    "title": _TITLE,
    "state": RunRow.state,
    "started": func.coalesce(RunRow.started_at, 0),
    "ended": func.coalesce(RunRow.ended_at, 0),
}
NEWEST_FIRST = "-id"


class Lists:
    """What it answers is in reach of `groups`: runs on their devices, and rollouts that have such runs, as
    `narrow` shows them."""

    def __init__(self, views: Views, clock: Clock, fleet: FleetApi) -> None:
        self._views = views
        self._fleet = fleet
        self._reach = Reach(fleet)
        self._clock = clock

    def rollouts(
        self, session: Session, limit: int, cursor: int | None, groups: Groups, *, q: str = ""
    ) -> Page[Rollout]:
        """The newest first of those that the query finds."""
        query = select(RolloutRow).where(self._reach.rollouts(groups)).order_by(RolloutRow.id.desc())
        if q.strip():
            query = query.where(rollout_condition(q, self._clock.now_ms()))
        if cursor is not None:
            query = query.where(RolloutRow.id < cursor)
        rows = session.scalars(query.limit(_checked(limit) + 1)).all()
        found = self._rollouts(session, rows[:limit], groups)
        return Page(found, _next([row.id for row in rows], limit))

    def rollout(self, session: Session, rollout_id: int, groups: Groups) -> Rollout:
        """Raises NotFoundError."""
        row = self._reach.rollout(session, rollout_id, groups)
        return self._rollouts(session, [row], groups)[0]

    def runs(
        self,
        session: Session,
        limit: int,
        cursor: int | None,
        groups: Groups,
        *,
        rollout_id: int | None = None,
        device_id: int | None = None,
        state: str | None = None,
        q: str = "",
        sort: str = NEWEST_FIRST,
    ) -> Page[Run]:
        """The runs that fit everything given, those of a device with the ones of devices that it took over
        from; `cursor` is the last run of the page before."""
        in_reach = self._reach.runs(groups)
        query = ordered_runs(session, sort, cursor, in_reach)
        if q.strip():
            query = query.where(*run_conditions(q, self._clock.now_ms()))
        if rollout_id is not None:
            query = query.where(RunRow.rollout_id == rollout_id)
        if device_id is not None:
            query = query.where(RunRow.device_id.in_(self._fleet.line(session, device_id)))
        if state is not None:
            query = query.where(state_condition([_known(state)]))
        ids = list(session.scalars(query.limit(_checked(limit) + 1)))
        return Page(self._runs(session, ids[:limit]), _next(ids, limit))

    def run(self, session: Session, run_id: int) -> Run:
        parts = load_run(session.connection(), run_id) if storable(run_id) else None
        if parts is None:
            raise NotFoundError("Run not found")
        return self._views.run(parts)

    def attempt_id(self, session: Session, run_id: int, n: int, attempt: int | None) -> int | None:
        """The attempt whose output is meant (None: the current one); None when nothing was tried yet.

        Raises NotFoundError, also where the output was removed.
        """
        known = storable(run_id) and storable(n)
        step = session.scalar(_step(run_id, n)) if known else None
        if step is None:
            raise NotFoundError("Step not found")
        number = step.attempt if attempt is None else attempt
        query = select(AttemptRow.id, AttemptRow.output_removed_at)
        found = session.execute(query.where(AttemptRow.step_id == step.id, AttemptRow.n == number)).first()
        if found is None and attempt is not None:
            raise NotFoundError("Attempt not found")
        if found is not None and found.output_removed_at is not None:
            when = format_time(found.output_removed_at)[:10]
            raise NotFoundError(
                f"The output was removed on {when}, as the rules of retention say.", code="output_removed"
            )
        return None if found is None else int(found.id)

    def live_rollouts(self, session: Session) -> list[Rollout]:
        """All open rollouts and the newest of the ended ones."""
        newest = select(RolloutRow).order_by(RolloutRow.id.desc())
        # An open one always has a time at which it is looked at: the index over that is short.
        rows = session.scalars(newest.where(RolloutRow.look_at.is_not(None))).all()
        ended = newest.where(RolloutRow.ended_at.is_not(None)).limit(LIVE_ENDED_RUNS)
        return self._rollouts(session, [*rows, *session.scalars(ended)], None)

    def shown_rollouts(self, session: Session, ids: Collection[int], groups: Groups) -> dict[int, Rollout]:
        """By id those of the rollouts that there are for somebody whose right holds in these groups."""
        wanted = select(RolloutRow).where(among(RolloutRow.id, ids), self._reach.rollouts(groups))
        rows = session.scalars(wanted).all()
        return {rollout.id: rollout for rollout in self._rollouts(session, rows, groups)}

    def live_runs(self, session: Session) -> list[Run]:
        """All open runs and the newest of the ended ones."""
        ended = select(RunRow.id).where(RunRow.state.in_(RUN_ENDS)).order_by(RunRow.id.desc())
        open_ = select(RunRow.id).where(RunRow.state.not_in(RUN_ENDS))
        ids = [*session.scalars(open_), *session.scalars(ended.limit(LIVE_ENDED_RUNS))]
        return self._runs(session, ids)

    def _rollouts(self, session: Session, rows: Sequence[RolloutRow], groups: Groups) -> list[Rollout]:
        tasks = task_views(session, [row.id for row in rows])
        views = [self._views.rollout(row, tasks[row.id]) for row in rows]
        return views if groups is None else narrow(session, self._reach, views, groups)

    def _runs(self, session: Session, ids: list[int]) -> list[Run]:
        return [self._views.run(parts) for parts in load_runs(session.connection(), ids)]


def _step(run_id: int, n: int) -> Select[StepRow]:
    return select(StepRow).where(StepRow.run_id == run_id, StepRow.n == n)


def _checked(limit: int) -> int:
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidError(f"limit must be between 1 and {MAX_PAGE}.")
    return limit


def _known(state: str) -> RunState:
    try:
        return RunState(state)
    except ValueError:
        raise InvalidError(f"Unknown state. Known: {', '.join(RunState)}.") from None


def ordered_runs(session: Session, sort: str, cursor: int | None, which: Condition) -> Select[int]:
    """Ids of the runs for `which` that is true, in order, from behind the run `cursor` on; equal
    ones newest first."""
    column, down = _SORTS.get(sort.removeprefix("-")), sort.startswith("-")
    if column is None:
        raise InvalidError(f'Cannot sort by "{sort}": use one of {", ".join(_SORTS)}, with - to reverse.')
    if column is RunRow.id:
        query = select(RunRow.id).where(which).order_by(column.desc() if down else column)
        if cursor is None:
            return query
        return query.where(column < cursor if down else column > cursor)
    query = select(RunRow.id).where(which).order_by(column.desc() if down else column, RunRow.id.desc())
    if cursor is None:
        return query
    at = session.execute(select(column).where(RunRow.id == cursor, which)).first()
    if at is None:
        raise InvalidError("The run at which the last page ended is gone: begin with the first page again.")
    behind = column < at[0] if down else column > at[0]
    return query.where(or_(behind, and_(column == at[0], RunRow.id < cursor)))


def _next(ids: list[int], limit: int) -> str | None:
    return str(ids[limit - 1]) if len(ids) > limit else None
