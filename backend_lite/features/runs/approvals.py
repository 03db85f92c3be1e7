"""Deciding on held rollouts: somebody else approves or refuses, who asked for it withdraws, time runs out."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend_lite.contract.approvals import Approval, ApprovalState
from backend_lite.contract.common import Page
from backend_lite.core.clock import Clock
from backend_lite.core.db.base import stored
from backend_lite.core.db.query_sql import Condition
from backend_lite.core.db.unit import Unit
from backend_lite.core.security.principal import Principal
from backend_lite.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from backend_lite.features.runs.advance import Advance
from backend_lite.features.runs.approval_records import ApprovalRecords, approval_view
from backend_lite.features.runs.flow import Flow
from backend_lite.features.runs.lists import PAGE
from backend_lite.features.runs.moment import Moment
from backend_lite.features.runs.parts import load_rollout
from backend_lite.features.runs.permits import People
from backend_lite.features.runs.reach import WORK_RIGHTS
from backend_lite.features.runs.rollouts import Rollouts
from backend_lite.features.runs.tables import ApprovalRow

MAX_COMMENT = 2_000
LIVE_DECIDED = 200
"""So many of those that were decided are in a snapshot."""


class Approvals:
    """Its methods run inside units of work and sessions."""

    def __init__(
        self,
        rollouts: Rollouts,
        records: ApprovalRecords,
        advance: Advance,
        flow: Flow,
        people: People,
        clock: Clock,
    ) -> None:
        self._rollouts = rollouts
        self._records = records
        self._advance = advance
        self._flow = flow
        self._people = people
        self._clock = clock

    def page(
        self,
        session: Session,
        limit: int = PAGE,
        cursor: int | None = None,
        *,
        state: str | None = None,
        rollout_id: int | None = None,
        which: Condition | None = None,
    ) -> Page[Approval]:
        """Newest first, those for `which` that holds. Raises InvalidError for a state that there is not."""
        query = select(ApprovalRow).order_by(ApprovalRow.id.desc()).limit(limit + 1)
        if which is not None:
            query = query.where(which)
        if state is not None:
            query = query.where(ApprovalRow.state == _known(state))
        if rollout_id is not None:
            query = query.where(ApprovalRow.rollout_id == rollout_id)
        if cursor is not None:
            query = query.where(ApprovalRow.id < cursor)
        found = [approval_view(row) for row in session.scalars(query)]
        return Page(found[:limit], str(found[limit - 1].id) if len(found) > limit else None)

    def live(self, session: Session) -> list[Approval]:
        """Those that wait, and the newest of the others."""
        newest, waiting = select(ApprovalRow).order_by(ApprovalRow.id.desc()), ApprovalState.WAITING
        open_ = session.scalars(newest.where(ApprovalRow.state == waiting)).all()
        decided = session.scalars(newest.where(ApprovalRow.state != waiting).limit(LIVE_DECIDED)).all()
        return [approval_view(row) for row in (*open_, *decided)]

    def one(self, session: Session, approval_id: int) -> Approval:
        """Raises NotFoundError."""
        return approval_view(_row(session, approval_id))

    def approve(self, unit: Unit, approval_id: int, comment: str, principal: Principal) -> Approval:
        """The rollout goes on, as its policy says. Raises NotFoundError, ConflictError, ForbiddenError."""
        row = _waiting(unit.session, approval_id)
        if principal.user_id == row.requested_by_id:
            raise ForbiddenError(
                "You asked for this yourself: it needs the eyes of somebody else.", code="own_request"
            )
        makers = self._people.reach(unit.connection, [row.requested_by_id], WORK_RIGHTS)
        if makers.get(row.requested_by_id) == frozenset():
            raise ConflictError(
                f"{row.requested_by} may no longer run work here, so nothing of it would start: refuse it.",
                code="creator_barred",
            )
        moment = Moment(unit, self._clock.now_ms())
        if row.expires_at <= moment.now:
            raise ConflictError("Its time is over: nobody approved it until then.", code="already_decided")
        rollout = load_rollout(unit.connection, row.rollout_id)
        assert rollout is not None
        self._records.decide(unit, row, ApprovalState.APPROVED, _checked(comment))
        self._advance.approve(moment, rollout)
        self._flow.settle(moment)
        return approval_view(row)

    def refuse(self, unit: Unit, approval_id: int, comment: str) -> Approval:
        """Cancels the rollout. Raises NotFoundError, ConflictError."""
        row = _waiting(unit.session, approval_id)
        return self._end(unit, row, ApprovalState.REFUSED, "approval_refused", _checked(comment))

    def withdraw(self, unit: Unit, approval_id: int, comment: str, principal: Principal) -> Approval:
        """Cancels the rollout. Raises NotFoundError, ConflictError, ForbiddenError."""
        row = _waiting(unit.session, approval_id)
        if principal.user_id != row.requested_by_id:
            raise ForbiddenError(
                f"Only {row.requested_by}, who asked for it, can withdraw it.", code="not_own_request"
            )
        return self._end(unit, row, ApprovalState.WITHDRAWN, "approval_withdrawn", _checked(comment))

    def expire(self, unit: Unit, rollout_ids: Iterable[int]) -> None:
        """Those of the rollouts that nobody approved in time."""
        wanted = list(rollout_ids)
        if not wanted:
            return
        due = select(ApprovalRow).where(
            ApprovalRow.rollout_id.in_(wanted),
            ApprovalRow.state == ApprovalState.WAITING,
            ApprovalRow.expires_at <= self._clock.now_ms(),
        )
        for row in unit.session.scalars(due.order_by(ApprovalRow.id)).all():
            self._end(unit, row, ApprovalState.EXPIRED, "approval_expired", "")

    def _end(self, unit: Unit, row: ApprovalRow, state: ApprovalState, reason: str, comment: str) -> Approval:
        self._records.decide(unit, row, state, comment)
        self._rollouts.end_held(unit, row.rollout_id, reason)
        return approval_view(row)


def _row(session: Session, approval_id: int) -> ApprovalRow:
    row = stored(session, ApprovalRow, approval_id)
    if row is None:
        raise NotFoundError("Approval not found")
    return row


def _waiting(session: Session, approval_id: int) -> ApprovalRow:
    row = _row(session, approval_id)
    if row.state != ApprovalState.WAITING:
        by = f" by {row.decided_by}" if row.decided_by else ""
        raise ConflictError(f"It was {row.state}{by} already.", code="already_decided")
    return row


def _known(state: str) -> ApprovalState:
    try:
        return ApprovalState(state)
    except ValueError:
        raise InvalidError(f"Unknown state. Known: {', '.join(ApprovalState)}.") from None


def _checked(comment: str) -> str:
    if len(comment) > MAX_COMMENT:
        raise InvalidError(f"A comment is limited to {MAX_COMMENT} characters.")
    return comment.strip()
