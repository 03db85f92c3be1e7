"""Records of approvals: made with their rollouts, changed once by a decision, told to consoles and the audit.

It is `waiting` exactly as long as its rollout is `held`.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import select

from agent.wire.states import RolloutState
from backend_lite.contract.approvals import Approval, ApprovalState
from backend_lite.contract.common import format_time, optional_time
from backend_lite.contract.live import APPROVAL
from backend_lite.contract.runs import Finding, RolloutGate, Severity
from backend_lite.core.audit.record import Audit, Entity
from backend_lite.core.clock import Clock
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import Changed
from backend_lite.features.runs.tables import ApprovalRow, RolloutRow

MAX_FINDINGS = 100
_GRAVEST = (Severity.DANGER, Severity.WARNING, Severity.NOTE)
_ACTIONS = {
    ApprovalState.APPROVED: "approvals.approve",
    ApprovalState.REFUSED: "approvals.refuse",
    ApprovalState.WITHDRAWN: "approvals.withdraw",
    ApprovalState.EXPIRED: "approvals.expire",
}


class ApprovalRecords:
    """Its methods run inside units of work."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._audit = Audit(clock)

    def ask(self, unit: Unit, rollout: RolloutRow, gate: RolloutGate, findings: Sequence[Finding]) -> None:
        """Of a new rollout that is held, until its `look_at`. Of many findings the gravest are kept."""
        gravest = sorted(findings, key=lambda one: _GRAVEST.index(one.severity))[:MAX_FINDINGS]
        row = ApprovalRow(
            rollout_id=rollout.id,
            title=rollout.title,
            state=ApprovalState.WAITING,
            reasons=gate.reasons,
            device_count=gate.devices,
            findings=msgspec.to_builtins(gravest),
            requested_by_id=rollout.created_by_id,
            requested_by=rollout.created_by,
            requested_at=rollout.created_at,
            expires_at=rollout.look_at,
        )
        unit.session.add(row)
        unit.session.flush()
        unit.publish(Changed(APPROVAL, row.id, approval_view(row)))

    def decide(self, unit: Unit, row: ApprovalRow, state: ApprovalState, comment: str = "") -> None:
        """By the unit's caller."""
        before = {"state": row.state}
        row.state, row.comment = state.value, comment
        row.decided_by = "" if state is ApprovalState.EXPIRED else unit.caller.name
        row.decided_at = self._clock.now_ms()
        unit.session.flush()
        unit.publish(Changed(APPROVAL, row.id, approval_view(row)))
        self._audit.tell(
            unit,
            _ACTIONS[state],
            Entity(APPROVAL, row.id, row.title),
            before=before,
            after={"state": row.state, "comment": comment},
            details={"rollout_id": row.rollout_id, "requested_by": row.requested_by},
        )

    def rollout_ended(self, unit: Unit, rollout: RolloutRow) -> None:
        """One that was held has ended: there is nothing left to decide."""
        waiting = ApprovalRow.state == ApprovalState.WAITING
        row = unit.session.scalar(select(ApprovalRow).where(ApprovalRow.rollout_id == rollout.id, waiting))
        if row is not None:
            cancelled = rollout.state == RolloutState.CANCELLED
            state = ApprovalState.WITHDRAWN if cancelled else ApprovalState.EXPIRED
            self.decide(unit, row, state, "" if cancelled else "None of its runs can start any more.")


def approval_view(row: ApprovalRow) -> Approval:
    return Approval(
        id=row.id,
        rollout_id=row.rollout_id,
        title=row.title,
        state=ApprovalState(row.state),
        reasons=row.reasons,
        device_count=row.device_count,
        findings=msgspec.convert(row.findings, list[Finding]),
        requested_by=row.requested_by,
        requested_at=format_time(row.requested_at),
        expires_at=format_time(row.expires_at),
        comment=row.comment,
        decided_by=row.decided_by,
        decided_at=optional_time(row.decided_at),
    )
