"""How far rights reach over approvals: they are about whole rollouts.

Where a right holds in groups only, those are seen and decided whose rollout lies wholly on their devices. A
device that has left them, or the fleet, is out of reach, and the approval with it. What somebody has asked
for themselves they see in any case.
"""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend_lite.core.db.base import storable
from backend_lite.core.db.query_sql import Condition
from backend_lite.core.security.principal import Groups, Principal
from backend_lite.errors import ForbiddenError, NotFoundError
from backend_lite.features.runs.approvals_gate import MAY_APPROVE
from backend_lite.features.runs.reach import MAY_VIEW, Reach
from backend_lite.features.runs.tables import ApprovalRow


class ApprovalReach:
    """Works inside the caller's session."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach

    def within(self, groups: Groups) -> Condition:
        """True for the rows of approvals in reach."""
        return self._reach.whole(ApprovalRow.rollout_id, groups)

    def seen(self, person: Principal) -> Condition:
        """True for the rows of approvals that there are for that person."""
        own = ApprovalRow.requested_by_id == person.user_id
        return or_(own, self.within(person.groups_for(MAY_VIEW)))

    def refuse_unseen(self, session: Session, approval_id: int, person: Principal) -> None:
        """Raises NotFoundError."""
        if not _is(session, approval_id, self.seen(person)):
            raise NotFoundError("Approval not found")

    def may_decide(self, session: Session, approval_id: int, person: Principal) -> bool:
        """It is in reach of their right to approve; whether they asked for it is another question."""
        return _is(session, approval_id, self.within(person.groups_for(MAY_APPROVE)))

    def refuse_undecided(self, session: Session, approval_id: int, person: Principal) -> None:
        """Raises NotFoundError where it is not seen, ForbiddenError where it is not theirs to decide."""
        self.refuse_unseen(session, approval_id, person)
        if not self.may_decide(session, approval_id, person):
            raise ForbiddenError(
                f'Your right "{MAY_APPROVE}" does not cover all devices of this rollout.', code="limited"
            )


def _is(session: Session, approval_id: int, condition: Condition) -> bool:
    query = select(ApprovalRow.id).where(ApprovalRow.id == approval_id, condition)
    return storable(approval_id) and session.scalar(query) is not None
