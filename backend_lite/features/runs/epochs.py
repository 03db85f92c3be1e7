"""Names of attempts over restores: steps that were open in the backup keep those that their devices know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from agent.wire.codec import WireError, attempt_name, parse_attempt_name
from backend_lite.core.db.base import storable
from backend_lite.features.runs.tables import RestoredStepRow


class NumberedStep(Protocol):
    """What an attempt's name is made of, besides the epoch."""

    id: int
    attempt: int


class Epochs:
    """`current` is this life's. Steps of former lives never get another attempt: they are told about only."""

    def __init__(self, current: str) -> None:
        self.current = current
        self._restored: Mapping[int, str] = {}

    def load(self, session: Session) -> None:
        """To be called when the database is open, and after a restore has been taken notice of."""
        rows = session.execute(select(RestoredStepRow.step_id, RestoredStepRow.epoch))
        self._restored = {row.step_id: row.epoch for row in rows}

    def name_of(self, step: NumberedStep) -> str:
        """The name of the step's current attempt."""
        return attempt_name(self._restored.get(step.id, self.current), step.id, step.attempt)

    def step_of(self, name: str) -> tuple[int, int] | None:
        """Step and number of an attempt; None for what was never ours, or belongs to another life."""
        try:
            epoch, step_id, n = parse_attempt_name(name)
        except WireError:
            return None
        known = self._restored.get(step_id, self.current)
        return (step_id, n) if epoch == known and storable(step_id) else None

    def is_restored(self, step_id: int) -> bool:
        """The step was open when the backup was made that is in use now, or an earlier one."""
        return step_id in self._restored
