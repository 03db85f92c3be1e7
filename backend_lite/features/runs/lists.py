"""Reading rollouts and runs: one object, or a page of them, newest first."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from agent.wire.states import RUN_ENDS, RunState
from backend_lite.contract.common import Page, format_time
from backend_lite.contract.live import LIVE_ENDED_RUNS
from backend_lite.contract.runs import Rollout, Run
from backend_lite.errors import InvalidError, NotFoundError
from backend_lite.features.runs.parts import load_run, load_runs
from backend_lite.features.runs.tables import AttemptRow, RolloutRow, RunRow, StepRow
from backend_lite.features.runs.views import Views

PAGE = 100
MAX_PAGE = 1000


class Lists:
    def __init__(self, views: Views) -> None:
        self._views = views

    def rollouts(self, session: Session, limit: int, cursor: int | None) -> Page[Rollout]:
        query = select(RolloutRow).order_by(RolloutRow.id.desc())
        if cursor is not None:
            query = query.where(RolloutRow.id < cursor)
        rows = session.scalars(query.limit(_checked(limit) + 1)).all()
        return Page(
            [self._views.rollout(row) for row in rows[:limit]], _next([row.id for row in rows], limit)
        )

    def rollout(self, session: Session, rollout_id: int) -> Rollout:
        row = session.get(RolloutRow, rollout_id)
        if row is None:
            raise NotFoundError("Rollout not found")
        return self._views.rollout(row)

    def runs(
        self,
        session: Session,
        limit: int,
        cursor: int | None,
        *,
        rollout_id: int | None = None,
        device_id: int | None = None,
        state: str | None = None,
    ) -> Page[Run]:
        query = select(RunRow.id).order_by(RunRow.id.desc())
        if cursor is not None:
            query = query.where(RunRow.id < cursor)
        if rollout_id is not None:
            query = query.where(RunRow.rollout_id == rollout_id)
        if device_id is not None:
            query = query.where(RunRow.device_id == device_id)
        if state is not None:
            query = query.where(RunRow.state == _known(state))
        ids = list(session.scalars(query.limit(_checked(limit) + 1)))
        return Page(self._runs(session, ids[:limit]), _next(ids, limit))

    def run(self, session: Session, run_id: int) -> Run:
        parts = load_run(session, run_id)
        if parts is None:
            raise NotFoundError("Run not found")
        return self._views.run(parts)

    def attempt_id(self, session: Session, run_id: int, n: int, attempt: int | None) -> int | None:
        """The attempt whose output is meant (None: the current one); None when nothing was tried yet.

        Raises NotFoundError, also where the output was removed.
        """
        step = session.scalar(select(StepRow).where(StepRow.run_id == run_id, StepRow.n == n))
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
        query = select(RolloutRow).order_by(RolloutRow.id.desc()).limit(LIVE_ENDED_RUNS)
        return [self._views.rollout(row) for row in session.scalars(query)]

    def live_runs(self, session: Session) -> list[Run]:
        """All open runs and the newest of the ended ones."""
        ended = select(RunRow.id).where(RunRow.state.in_(RUN_ENDS)).order_by(RunRow.id.desc())
        open_ = select(RunRow.id).where(RunRow.state.not_in(RUN_ENDS))
        ids = [*session.scalars(open_), *session.scalars(ended.limit(LIVE_ENDED_RUNS))]
        return self._runs(session, ids)

    def _runs(self, session: Session, ids: list[int]) -> list[Run]:
        return [self._views.run(parts) for parts in load_runs(session, ids)]


def _checked(limit: int) -> int:
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidError(f"limit must be between 1 and {MAX_PAGE}.")
    return limit


def _known(state: str) -> RunState:
    try:
        return RunState(state)
    except ValueError:
        raise InvalidError(f"Unknown state. Known: {', '.join(RunState)}.") from None


def _next(ids: list[int], limit: int) -> str | None:
    return str(ids[limit - 1]) if len(ids) > limit else None
