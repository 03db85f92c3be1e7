"""The kinds of runs that consoles follow, and what of them somebody sees whose right holds in groups only."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend_lite.contract.live import APPROVAL, OUTPUT, PAUSE, ROLLOUT, RUN
from backend_lite.core.db.database import Database
from backend_lite.core.db.query_sql import Column, Condition, among
from backend_lite.core.live import LiveKind, Visible, VisibleOf
from backend_lite.features.runs.approval_reach import ApprovalReach
from backend_lite.features.runs.approvals import Approvals
from backend_lite.features.runs.lists import Lists
from backend_lite.features.runs.pauses import Pauses
from backend_lite.features.runs.reach import MAY_VIEW, Reach
from backend_lite.features.runs.tables import ApprovalRow, PauseRow, RunRow, StepRow
from backend_lite.features.runs.views import PROGRESS

Ask = Callable[[Session, Collection[int], frozenset[int]], Visible]


def live_kinds(
    database: Database,
    lists: Lists,
    pauses: Pauses,
    approvals: Approvals,
    reach: Reach,
    seen_approvals: ApprovalReach,
) -> dict[str, LiveKind]:
    def seen(ask: Ask) -> VisibleOf:
        async def visible(ids: Collection[int], groups: frozenset[int]) -> Visible:
            return await database.read(lambda session: ask(session, ids, groups))

        return visible

    def kind(snapshot: Callable[[Session], Any], ask: Ask, *parts: str) -> LiveKind:
        return LiveKind(MAY_VIEW, lambda: database.read(snapshot), parts, seen(ask))

    runs = partial(_those, RunRow.id, reach.runs)
    steps = partial(_those, StepRow.id, partial(reach.of_device, StepRow.device_id))
    return {
        ROLLOUT: kind(lists.live_rollouts, lists.shown_rollouts, PROGRESS),
        RUN: kind(lists.live_runs, runs),
        OUTPUT: LiveKind(MAY_VIEW, visible=seen(steps)),
        APPROVAL: kind(approvals.live, partial(_those, ApprovalRow.id, seen_approvals.within)),
        PAUSE: kind(lambda session: pauses.page(session, None), partial(_those, PauseRow.id, pauses.seen)),
    }


def _those(
    column: Column,
    condition: Callable[[frozenset[int]], Condition],
    session: Session,
    ids: Collection[int],
    groups: frozenset[int],
) -> set[int]:
    return set(session.scalars(select(column).where(among(column, ids), condition(groups))))
