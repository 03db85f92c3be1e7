"""Rollouts, runs, steps, attempts and their output"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MS = sa.BigInteger()
JSON = sa.JSON(none_as_null=True)
OPEN_STEP = sa.text("state IN ('waiting', 'queued', 'offered', 'running', 'cancelling')")


def upgrade() -> None:
    _rollouts()
    _runs()
    _steps()
    _attempts()
    _small_outputs()
    _stray_outcomes()


def _rollouts() -> None:
    op.create_table(
        "rollouts",
        sa.Column("id", ID, nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("script_id", ID, nullable=True),
        sa.Column("revision_id", ID, nullable=True),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.Column("arguments", JSON, nullable=False),
        sa.Column("parameters", JSON, nullable=False),
        sa.Column("policy", JSON, nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("queued", sa.Integer(), nullable=False),
        sa.Column("running", sa.Integer(), nullable=False),
        sa.Column("cancelling", sa.Integer(), nullable=False),
        sa.Column("succeeded", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("cancelled", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("expired", sa.Integer(), nullable=False),
        sa.Column("unknown", sa.Integer(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("created_by_id", ID, nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("idempotency_key", sa.String(length=200), nullable=True),
        sa.Column("created_at", MS, nullable=False),
        sa.Column("ended_at", MS, nullable=True),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["script_revisions.id"], name=op.f("fk_rollouts_revision_id_script_revisions")
        ),
        sa.ForeignKeyConstraint(["script_id"], ["scripts.id"], name=op.f("fk_rollouts_script_id_scripts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rollouts")),
        sa.UniqueConstraint(
            "created_by_id", "idempotency_key", name=op.f("uq_rollouts_created_by_id_idempotency_key")
        ),
        sqlite_autoincrement=True,
    )


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", ID, nullable=False),
        sa.Column("rollout_id", ID, nullable=False),
        sa.Column("device_id", ID, nullable=False),
        sa.Column("device", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=80), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=True),
        sa.Column("expires_at", MS, nullable=False),
        sa.Column("created_at", MS, nullable=False),
        sa.Column("started_at", MS, nullable=True),
        sa.Column("ended_at", MS, nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_runs_device_id_devices")),
        sa.ForeignKeyConstraint(["rollout_id"], ["rollouts.id"], name=op.f("fk_runs_rollout_id_rollouts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_runs_device_id"), "runs", ["device_id"], unique=False)
    op.create_index(op.f("ix_runs_rollout_id"), "runs", ["rollout_id"], unique=False)
    op.create_index("ix_runs_state_expires_at", "runs", ["state", "expires_at"], unique=False)


def _steps() -> None:
    op.create_table(
        "steps",
        sa.Column("id", ID, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("device_id", ID, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("script_id", ID, nullable=True),
        sa.Column("revision_id", ID, nullable=True),
        sa.Column("payload", sa.Text(), nullable=True),
        sa.Column("arguments", JSON, nullable=False),
        sa.Column("parameters", JSON, nullable=False),
        sa.Column("timeout_s", sa.Integer(), nullable=False),
        sa.Column("continue_on_error", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("exit_code", MS, nullable=True),
        sa.Column("created_at", MS, nullable=False),
        sa.Column("updated_at", MS, nullable=False),
        sa.Column("started_at", MS, nullable=True),
        sa.Column("ended_at", MS, nullable=True),
        sa.Column("duration_ms", MS, nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_steps_device_id_devices")),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["script_revisions.id"], name=op.f("fk_steps_revision_id_script_revisions")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_steps_run_id_runs")),
        sa.ForeignKeyConstraint(["script_id"], ["scripts.id"], name=op.f("fk_steps_script_id_scripts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_steps")),
        sa.UniqueConstraint("run_id", "n", name=op.f("uq_steps_run_id_n")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_steps_device_id"), "steps", ["device_id"], unique=False)
    op.create_index(
        "ix_steps_open",
        "steps",
        ["device_id", "id"],
        unique=False,
        sqlite_where=OPEN_STEP,
        postgresql_where=OPEN_STEP,
    )


def _attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("id", ID, nullable=False),
        sa.Column("step_id", ID, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("exit_code", MS, nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("offered_at", MS, nullable=False),
        sa.Column("permitted_at", MS, nullable=True),
        sa.Column("ended_at", MS, nullable=True),
        sa.Column("stdout_size", MS, nullable=False),
        sa.Column("stderr_size", MS, nullable=False),
        sa.Column("stdout_total", MS, nullable=False),
        sa.Column("stderr_total", MS, nullable=False),
        sa.ForeignKeyConstraint(["step_id"], ["steps.id"], name=op.f("fk_attempts_step_id_steps")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
        sa.UniqueConstraint("step_id", "n", name=op.f("uq_attempts_step_id_n")),
        sqlite_autoincrement=True,
    )


def _small_outputs() -> None:
    op.create_table(
        "small_outputs",
        sa.Column("attempt_id", ID, nullable=False),
        sa.Column("stdout", sa.LargeBinary(), nullable=False),
        sa.Column("stderr", sa.LargeBinary(), nullable=False),
        sa.Column("pieces", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempts.id"], name=op.f("fk_small_outputs_attempt_id_attempts")
        ),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("pk_small_outputs")),
    )


def _stray_outcomes() -> None:
    op.create_table(
        "stray_outcomes",
        sa.Column("id", ID, nullable=False),
        sa.Column("device_id", ID, nullable=False),
        sa.Column("attempt", sa.String(length=80), nullable=False),
        sa.Column("message", JSON, nullable=False),
        sa.Column("received_at", MS, nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_stray_outcomes_device_id_devices")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stray_outcomes")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_stray_outcomes_device_id"), "stray_outcomes", ["device_id"], unique=False)
