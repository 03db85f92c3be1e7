"""Rollouts say which API token made them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MADE_WITH_ONE = sa.text("token_id IS NOT NULL")
_OPEN_ONES = """
UPDATE rollouts SET token_id = (
    SELECT min(tokens.id) FROM tokens JOIN users ON users.id = tokens.created_by
    WHERE tokens.kind = 'api' AND tokens.created_by = rollouts.created_by_id
    AND tokens.created_at <= rollouts.created_at
    AND rollouts.created_by = users.username || ' (' || tokens.name || ')'
    HAVING count(*) = 1
) WHERE ended_at IS NULL
"""
_THEIR_NAMES = """
UPDATE rollouts SET token_name = (SELECT tokens.name FROM tokens WHERE tokens.id = rollouts.token_id)
WHERE token_id IS NOT NULL
"""


def upgrade() -> None:
    op.add_column("rollouts", sa.Column("token_id", ID, nullable=True))
    op.add_column(
        "rollouts",
        sa.Column("token_name", sa.String(length=200), server_default=sa.text("''"), nullable=False),
    )
    op.create_index(
        op.f("ix_rollouts_token_id"),
        "rollouts",
        ["token_id"],
        unique=False,
        sqlite_where=_MADE_WITH_ONE,
        postgresql_where=_MADE_WITH_ONE,
    )
    # Until now only their maker's name told it. Where two tokens had that name, nobody knows.
    op.execute(_OPEN_ONES)
    op.execute(_THEIR_NAMES)
