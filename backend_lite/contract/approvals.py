"""Work that needs a second person before it starts."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, field

from backend_lite.contract.common import Time
from backend_lite.contract.runs import Finding, RolloutCreate

APPROVALS = "/api/v1/approvals"


class ApprovalState(StrEnum):
    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Approval(Struct):
    """A rollout that somebody asked for. `reasons` are the sentences why it needs a second person. What
    was asked for is pinned: scripts by revision, devices as they were; secrets are asked for again when
    it starts."""

    id: int
    title: str
    state: ApprovalState
    reasons: list[str]
    request: RolloutCreate
    device_count: int
    findings: list[Finding]
    requested_by: str
    requested_at: Time
    expires_at: Time
    comment: str = ""
    decided_by: str = ""
    decided_at: Time | None = None
    rollout_id: int | None = None


class ApprovalDecision(Struct):
    """POST APPROVALS/{id}/approve|refuse|withdraw."""

    comment: str = ""


class ApprovalNeeded(Struct):
    """Answer of POST ROLLOUTS with 202, where the rollout waits for a second person."""

    approval: Approval
    detail: str
    run_ids: list[int] = field(default_factory=list)
