"""Routes of approvals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from litestar import get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from backend_lite.contract.approvals import APPROVALS, Approval, ApprovalDecision, ApprovalText
from backend_lite.contract.common import Page
from backend_lite.core.db.database import Database
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import USER
from backend_lite.features.runs.approval_texts import ApprovalTexts
from backend_lite.features.runs.approvals import Approvals
from backend_lite.features.runs.approvals_gate import MAY_APPROVE
from backend_lite.features.runs.lists import MAX_PAGE, PAGE
from backend_lite.features.runs.rollout_routes import RUN, VIEW, AnyId, AnyRequest

_ONE = f"{APPROVALS}/{{approval_id:int}}"

PageSize = Annotated[int, QueryParameter(ge=1, le=MAX_PAGE)]


def approval_routes(database: Database, approvals: Approvals, texts: ApprovalTexts) -> Sequence[Route]:
    @get(APPROVALS, permission=VIEW, audience=USER)
    async def list_approvals(
        limit: PageSize = PAGE,
        cursor: AnyId = None,
        rollout_id: AnyId = None,
        approval_state: Annotated[str | None, QueryParameter(name="state")] = None,
    ) -> Page[Approval]:
        """Newest first; `next` of a page is the `cursor` of the following one."""
        return await database.read(
            lambda session: approvals.page(
                session, limit, cursor, state=approval_state, rollout_id=rollout_id
            )
        )

    @get(_ONE, permission=VIEW, audience=USER)
    async def get_approval(approval_id: FromPath[int]) -> Approval:
        return await database.read(lambda session: approvals.one(session, approval_id))

    @get(f"{_ONE}/texts", permission=VIEW, audience=USER)
    async def get_approval_texts(request: AnyRequest, approval_id: FromPath[int]) -> list[ApprovalText]:
        """What would run, word for word."""
        reader = request.user
        return await database.read(lambda session: texts.of(session, approval_id, reader))

    @post(f"{_ONE}/approve", status_code=200, permission=MAY_APPROVE, audience=USER, step_up=True)
    async def approve_rollout(
        request: AnyRequest, approval_id: FromPath[int], data: JSONBody[ApprovalDecision]
    ) -> Approval:
        """Let it start; not by who asked for it."""
        principal = request.user
        return await database.write(
            lambda unit: approvals.approve(unit, approval_id, data.comment, principal)
        )

    @post(f"{_ONE}/refuse", status_code=200, permission=MAY_APPROVE, audience=USER)
    async def refuse_rollout(approval_id: FromPath[int], data: JSONBody[ApprovalDecision]) -> Approval:
        """Cancel it."""
        return await database.write(lambda unit: approvals.refuse(unit, approval_id, data.comment))

    @post(f"{_ONE}/withdraw", status_code=200, permission=RUN, audience=USER)
    async def withdraw_rollout(
        request: AnyRequest, approval_id: FromPath[int], data: JSONBody[ApprovalDecision]
    ) -> Approval:
        """Cancel what one has asked for oneself."""
        principal = request.user
        return await database.write(
            lambda unit: approvals.withdraw(unit, approval_id, data.comment, principal)
        )

    return [
        list_approvals,
        get_approval,
        get_approval_texts,
        approve_rollout,
        refuse_rollout,
        withdraw_rollout,
    ]
