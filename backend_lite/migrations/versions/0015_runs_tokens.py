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
