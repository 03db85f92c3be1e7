"""Routes of approvals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from litestar import get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from sqlalchemy.orm import Session

from backend_lite.contract.approvals import APPROVALS, Approval, ApprovalDecision, ApprovalText
from backend_lite.contract.common import Page
from backend_lite.core.db.database import Database
from backend_lite.core.db.unit import Unit
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import USER
from backend_lite.features.runs.approval_reach import ApprovalReach
from backend_lite.features.runs.approval_texts import ApprovalTexts
from backend_lite.features.runs.approvals import Approvals
from backend_lite.features.runs.approvals_gate import MAY_APPROVE
from backend_lite.features.runs.lists import MAX_PAGE, PAGE
from backend_lite.features.runs.rollout_routes import RUN, VIEW, AnyId, AnyRequest

_ONE = f"{APPROVALS}/{{approval_id:int}}"

PageSize = Annotated[int, QueryParameter(ge=1, le=MAX_PAGE)]


def approval_routes(
    database: Database, approvals: Approvals, texts: ApprovalTexts, reach: ApprovalReach
) -> Sequence[Route]:
    return [*_reading(database, approvals, texts, reach), *_deciding(database, approvals, reach)]


def _reading(
    database: Database, approvals: Approvals, texts: ApprovalTexts, reach: ApprovalReach
) -> Sequence[Route]:
    @get(APPROVALS, permission=VIEW, audience=USER, scoped=True)
    async def list_approvals(
        request: AnyRequest,
        limit: PageSize = PAGE,
        cursor: AnyId = None,
        rollout_id: AnyId = None,
        approval_state: Annotated[str | None, QueryParameter(name="state")] = None,
    ) -> Page[Approval]:
        """Newest first; `next` of a page is the `cursor` of the following one."""
        which = reach.seen(request.user)
        return await database.read(
            lambda session: approvals.page(
                session, limit, cursor, state=approval_state, rollout_id=rollout_id, which=which
            )
        )

    @get(_ONE, permission=VIEW, audience=USER, scoped=True)
    async def get_approval(request: AnyRequest, approval_id: FromPath[int]) -> Approval:
        def read(session: Session) -> Approval:
            reach.refuse_unseen(session, approval_id, request.user)
            return approvals.one(session, approval_id)

        return await database.read(read)

    @get(f"{_ONE}/texts", permission=VIEW, audience=USER, scoped=True)
    async def get_approval_texts(request: AnyRequest, approval_id: FromPath[int]) -> list[ApprovalText]:
        """What would run, word for word."""
        reader = request.user
        return await database.read(lambda session: texts.of(session, approval_id, reader))

    return [list_approvals, get_approval, get_approval_texts]


def _deciding(database: Database, approvals: Approvals, reach: ApprovalReach) -> Sequence[Route]:
    @post(
        f"{_ONE}/approve", status_code=200, permission=MAY_APPROVE, audience=USER, scoped=True, step_up=True
    )
    async def approve_rollout(
        request: AnyRequest, approval_id: FromPath[int], data: JSONBody[ApprovalDecision]
    ) -> Approval:
        """Let it start; not by who asked for it."""
        principal = request.user

        def work(unit: Unit) -> Approval:
            reach.refuse_undecided(unit.session, approval_id, principal)
            return approvals.approve(unit, approval_id, data.comment, principal)

        return await database.write(work)

    @post(f"{_ONE}/refuse", status_code=200, permission=MAY_APPROVE, audience=USER, scoped=True)
    async def refuse_rollout(
        request: AnyRequest, approval_id: FromPath[int], data: JSONBody[ApprovalDecision]
    ) -> Approval:
        """Cancel it."""

        def work(unit: Unit) -> Approval:
            reach.refuse_undecided(unit.session, approval_id, request.user)
            return approvals.refuse(unit, approval_id, data.comment)

        return await database.write(work)

    @post(f"{_ONE}/withdraw", status_code=200, permission=RUN, audience=USER, scoped=True)
    async def withdraw_rollout(
        request: AnyRequest, approval_id: FromPath[int], data: JSONBody[ApprovalDecision]
    ) -> Approval:
        """Cancel what one has asked for oneself."""
        principal = request.user

        def work(unit: Unit) -> Approval:
            reach.refuse_unseen(unit.session, approval_id, principal)
            return approvals.withdraw(unit, approval_id, data.comment, principal)

        return await database.write(work)

    return [approve_rollout, refuse_rollout, withdraw_rollout]
