"""Approvals stand before the start of a rollout that is there already; destructive steps are counted"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MS = sa.BigInteger()

_OFFERED = sa.text("state = 'offered' AND destructive")


def upgrade() -> None:
    _approvals()
    _destructive()


def _approvals() -> None:
    # No version has written any: this only guards what the new columns promise.
    op.execute(
        "DELETE FROM approvals WHERE rollout_id IS NULL OR rollout_id NOT IN (SELECT id FROM rollouts) OR id "
        "NOT IN (SELECT max(id) FROM approvals GROUP BY rollout_id)"
    )
    with op.batch_alter_table("approvals", table_kwargs={"sqlite_autoincrement": True}) as approvals:
        approvals.drop_column("request")
        approvals.alter_column("rollout_id", existing_type=ID, nullable=False)
        approvals.create_unique_constraint(op.f("uq_approvals_rollout_id"), ["rollout_id"])
        approvals.create_foreign_key(
            op.f("fk_approvals_rollout_id_rollouts"), "rollouts", ["rollout_id"], ["id"]
        )


def _destructive() -> None:
    op.add_column("steps", sa.Column("destructive", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index(
        "ix_steps_destructive_offers",
        "steps",
        ["id"],
        unique=False,
        sqlite_where=_OFFERED,
        postgresql_where=_OFFERED,
    )
    op.create_table(
        "destructive_permits",
        sa.Column("attempt_id", ID, nullable=False, autoincrement=False),
        sa.Column("permitted_at", MS, nullable=False),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("pk_destructive_permits")),
    )
    op.create_index(
        op.f("ix_destructive_permits_permitted_at"), "destructive_permits", ["permitted_at"], unique=False
    )
