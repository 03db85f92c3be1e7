"""What rollouts know of profiles and software"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MS = sa.BigInteger()
JSON = sa.JSON(none_as_null=True)


def upgrade() -> None:
    _rollouts()
    _rollout_tasks()
    _applied_profiles()


def _rollouts() -> None:
    op.add_column("rollouts", sa.Column("software_id", ID, nullable=True))
    op.add_column("rollouts", sa.Column("profile_id", ID, nullable=True))
    op.add_column("rollouts", sa.Column("profile_revision", sa.Integer(), nullable=True))


def _rollout_tasks() -> None:
    op.add_column(
        "rollout_tasks", sa.Column("action", sa.String(length=20), server_default="run", nullable=False)
    )
    op.add_column("rollout_tasks", sa.Column("software_id", ID, nullable=True))
    op.add_column("rollout_tasks", sa.Column("profile_task_id", ID, nullable=True))
    op.add_column(
        "rollout_tasks", sa.Column("reboot", sa.String(length=20), server_default="announced", nullable=False)
    )
    op.add_column("rollout_tasks", sa.Column("condition", JSON, server_default="{}", nullable=False))
    op.add_column("rollout_tasks", sa.Column("exit_codes", JSON, nullable=True))


def _applied_profiles() -> None:
    op.create_table(
        "applied_profiles",
        sa.Column("profile_id", ID, nullable=False),
        sa.Column("device_id", ID, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("rollout_id", ID, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("applied_at", MS, nullable=False),
        sa.Column("state", sa.String(length=20), nullable=True),
        sa.Column("reason", sa.String(length=80), nullable=True),
        sa.Column("ended_at", MS, nullable=True),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_applied_profiles_device_id_devices")
        ),
        sa.ForeignKeyConstraint(
            ["profile_id"], ["profiles.id"], name=op.f("fk_applied_profiles_profile_id_profiles")
        ),
        sa.PrimaryKeyConstraint("profile_id", "device_id", name=op.f("pk_applied_profiles")),
    )
    op.create_index(op.f("ix_applied_profiles_device_id"), "applied_profiles", ["device_id"], unique=False)
    op.create_index(op.f("ix_applied_profiles_run_id"), "applied_profiles", ["run_id"], unique=False)
