"""What can be done with approvals, and what has to be known for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from backend_lite.contract.approvals import APPROVALS, Approval, ApprovalDecision, ApprovalText
from backend_lite.contract.common import Page
from backend_lite.contract.live import APPROVAL, ROLLOUT, RUN
from backend_lite.contract.runs import ROLLOUTS, Rollout
from console.core.client import ApiClient
from console.core.errors import ApiError
from console.core.ops import Op, Progress
from console.core.texts import tr
from console.features.approvals.work_texts import WorkText, work_texts

Object = dict[str, Any]
RIGHT = "rollouts:approve"
"""Held for the devices of some groups it is for rollouts that lie wholly there."""
PAGE = 100
FORBIDDEN = 403


@dataclass(frozen=True)
class Looked:
    """What would run, word for word; `refusal` is why this person may not see that."""

    rollout: Rollout
    texts: list[WorkText] = field(default_factory=list)
    refusal: str = ""


def load_page(client: ApiClient, cursor: str | None) -> Op[Page[Object]]:
    async def call(_progress: Progress) -> Page[Object]:
        params: dict[str, str | int] = {"limit": PAGE} | ({"cursor": cursor} if cursor else {})
        return await client.get(APPROVALS, Page[Object], params)

    return Op(tr("Load the approvals"), call)


def look(client: ApiClient, approval: Object, *, sees_texts: bool) -> Op[Looked]:
    """The texts are asked for with `sees_texts` only: the service notes in the audit whom it refuses them."""

    async def call(_progress: Progress) -> Looked:
        rollout = await client.get(f"{ROLLOUTS}/{approval['rollout_id']}", Rollout)
        if not sees_texts:
            refusal = tr("What would run is shown to who asked for it, and to who may approve it.")
            return Looked(rollout, refusal=refusal)
        try:
            pinned = await client.get(f"{APPROVALS}/{approval['id']}/texts", list[ApprovalText])
        except ApiError as refusal:
            if refusal.status != FORBIDDEN:
                raise
            return Looked(rollout, refusal=refusal.detail)
        return Looked(rollout, work_texts(rollout, pinned))

    return Op(tr("Load what would run"), call)


def approve(client: ApiClient, approval_id: int, comment: str) -> Op[Approval]:
    return _decide(client, approval_id, "approve", comment, tr("Approve the rollout"))


def refuse(client: ApiClient, approval_id: int, comment: str) -> Op[Approval]:
    return _decide(client, approval_id, "refuse", comment, tr("Refuse the rollout"))


def withdraw(client: ApiClient, approval_id: int, comment: str) -> Op[Approval]:
    return _decide(client, approval_id, "withdraw", comment, tr("Withdraw the request"))


def _decide(client: ApiClient, approval_id: int, verb: str, comment: str, title: str) -> Op[Approval]:
    async def call(_progress: Progress) -> Approval:
        return await client.post(f"{APPROVALS}/{approval_id}/{verb}", ApprovalDecision(comment), Approval)

    return Op(title, call, (APPROVAL, ROLLOUT, RUN))
