"""Files that software steps which have not ended may still have to download."""

from __future__ import annotations

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from backend_lite.features.runs.tables import RolloutRow, RolloutTaskRow
from backend_lite.features.runs.works import SOFTWARE_TYPES


def is_file_needed(session: Session, sha256: str) -> bool:
    """A rollout that has not ended refers to it."""
    query = exists().where(
        # The index over what is looked at again holds the open rollouts, and no other.
        RolloutRow.look_at.is_not(None),
        RolloutTaskRow.rollout_id == RolloutRow.id,
        RolloutTaskRow.type.in_(SOFTWARE_TYPES.values()),
        RolloutTaskRow.payload.contains(f'"sha256":"{sha256}"', autoescape=True),
    )
    return bool(session.scalar(select(query)))
