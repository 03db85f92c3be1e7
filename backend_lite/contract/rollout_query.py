"""What a query (`contract.query`) can say about rollouts: GET ROLLOUTS?q=."""

from __future__ import annotations

from agent.wire.states import RolloutState
from backend_lite.contract.query_nodes import Field, FieldKind

ROLLOUT_FIELDS: tuple[Field, ...] = (
    Field("title", FieldKind.TEXT, "Title or script", aliases=("script", "name")),
    Field("state", FieldKind.WORD, "State", tuple(RolloutState), ("status",)),
    Field("by", FieldKind.TEXT, "Who started it"),
    Field("created", FieldKind.AGE, "When it was made: created<1d is less than a day ago"),
    Field("ended", FieldKind.AGE, "When it ended"),
    Field("id", FieldKind.NUMBER, "Number of the rollout"),
)
"""Words are searched in title and starter."""
