"""Typed parameters of script revisions, and whether a script may be repeated"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True)


def upgrade() -> None:
    op.add_column("scripts", sa.Column("idempotent", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("script_revisions", sa.Column("parameters", JSON, nullable=False, server_default="[]"))
