"""Rollouts that wait for a second person before anything of them starts."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from backend_lite.contract.common import Time
from backend_lite.contract.runs import Finding

APPROVALS = "/api/v1/approvals"


class ApprovalState(StrEnum):
    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Approval(Struct):
    """GET APPROVALS is a page, newest first, of those in `state`, of `rollout_id`, if these are named. The
    rollout is there already, `held`: what it will run is pinned, its runs wait with the reason `approval`.
    `reasons` are the sentences why it needs a second person, `findings` what its scripts do that a person
    should have seen, the gravest first, at most 100. Approving needs `rollouts:approve` and a fresh sign-in
    of somebody other than `requested_by`; only who asked for it withdraws it. Refused, withdrawn and expired
    ones cancel their runs; one of whose runs none can start any more has expired, too. Whose right holds in
    groups only sees and decides those of rollouts that lie wholly on their devices, and sees their own."""

    id: int
    rollout_id: int
    title: str
    state: ApprovalState
    reasons: list[str]
    device_count: int
    findings: list[Finding]
    requested_by: str
    requested_at: Time
    expires_at: Time
    comment: str = ""
    decided_by: str = ""
    decided_at: Time | None = None


class ApprovalDecision(Struct):
    """POST APPROVALS/{id}/approve|refuse|withdraw; answers the Approval."""

    comment: str = ""


class PinnedSoftware(Struct):
    """What a software task installs or removes. `source_type` as in contract.software."""

    installer_type: str
    source_type: str
    source: str
    arguments: str
    sha256: str


class ApprovalText(Struct):
    """GET APPROVALS/{id}/texts: the list of all texts that the rollout runs, as they are pinned, in the order
    of its tasks; for who asked for it and for who may approve. `part` is `detect` for one that runs before
    its task's own. A task without any text has an empty one."""

    task: int
    language: str
    text: str
    part: str = ""
    software: PinnedSoftware | None = None
