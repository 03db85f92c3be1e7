"""Rollouts that programs made with API tokens: what of them is open, and cancelling that with its token."""

from __future__ import annotations

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from backend_lite.contract.accounts import ApiTokenWork
from backend_lite.core.db.unit import Unit
from backend_lite.features.runs.rollouts import Rollouts
from backend_lite.features.runs.tables import RolloutRow, RunRow


class TokenWork:
    def __init__(self, rollouts: Rollouts) -> None:
        self._rollouts = rollouts

    def open(self, session: Session, token_id: int) -> ApiTokenWork:
        rollouts = session.scalars(_open(token_id)).all()
        runs = select(func.count()).where(RunRow.rollout_id.in_(_open(token_id)), RunRow.ended_at.is_(None))
        return ApiTokenWork(len(rollouts), session.scalar(runs) or 0)

    def cancel(self, unit: Unit, token_id: int) -> int:
        """How many rollouts that were; what has started of them is stopped."""
        found = unit.session.scalars(_open(token_id).order_by(RolloutRow.id)).all()
        for rollout_id in found:
            self._rollouts.cancel_rollout(unit, rollout_id)
        return len(found)


def _open(token_id: int) -> Select[int]:
    return select(RolloutRow.id).where(RolloutRow.token_id == token_id, RolloutRow.ended_at.is_(None))
