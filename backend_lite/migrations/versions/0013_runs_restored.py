"""Steps whose attempts belong to a former life of the database"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "restored_steps",
        sa.Column("step_id", ID, nullable=False, autoincrement=False),
        sa.Column("epoch", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("step_id", name=op.f("pk_restored_steps")),
    )
