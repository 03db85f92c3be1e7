"""Tasks, waves, waits, pauses and gaps of runs"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MS = sa.BigInteger()
JSON = sa.JSON(none_as_null=True)


def upgrade() -> None:
    _rollout_tasks()
    _move_tasks_out_of_steps()
    _task_files()
    _rollouts()
    _runs()
    _attempts()
    _step_secrets()
    _pauses()


def _rollout_tasks() -> None:
    op.create_table(
        "rollout_tasks",
        sa.Column("rollout_id", ID, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("script_id", ID, nullable=True),
        sa.Column("revision_id", ID, nullable=True),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.Column("payload", sa.Text(), nullable=True),
        sa.Column("arguments", JSON, nullable=False),
        sa.Column("parameters", JSON, nullable=False),
        sa.Column("secrets", JSON, nullable=False),
        sa.Column("files", JSON, nullable=False),
        sa.Column("timeout_s", sa.Integer(), nullable=False),
        sa.Column("continue_on_error", sa.Boolean(), nullable=False),
        sa.Column("may_repeat", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["rollout_id"], ["rollouts.id"], name=op.f("fk_rollout_tasks_rollout_id_rollouts")
        ),
        sa.ForeignKeyConstraint(
            ["script_id"], ["scripts.id"], name=op.f("fk_rollout_tasks_script_id_scripts")
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"],
            ["script_revisions.id"],
            name=op.f("fk_rollout_tasks_revision_id_script_revisions"),
        ),
        sa.PrimaryKeyConstraint("rollout_id", "n", name=op.f("pk_rollout_tasks")),
    )
    op.create_index("ix_rollout_tasks_script_id", "rollout_tasks", ["script_id", "rollout_id"])


def _move_tasks_out_of_steps() -> None:
    """All runs of a rollout had the same steps: those of its first run tell them."""
    op.execute(
        "INSERT INTO rollout_tasks (rollout_id, n, type, name, script_id, revision_id, revision, payload, "
        "arguments, parameters, secrets, files, timeout_s, continue_on_error, may_repeat) "
        "SELECT runs.rollout_id, steps.n, steps.type, steps.name, steps.script_id, steps.revision_id, "
        "script_revisions.number, steps.payload, steps.arguments, steps.parameters, '[]', '{}', "
        "steps.timeout_s, steps.continue_on_error, false "
        "FROM steps JOIN runs ON runs.id = steps.run_id "
        "LEFT JOIN script_revisions ON script_revisions.id = steps.revision_id "
        "WHERE runs.id IN (SELECT min(id) FROM runs GROUP BY rollout_id)"
    )
    for name in ("payload", "arguments", "parameters"):
        op.drop_column("steps", name)


def _task_files() -> None:
    op.create_table(
        "task_files",
        sa.Column("rollout_id", ID, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["rollout_id"], ["rollouts.id"], name=op.f("fk_task_files_rollout_id_rollouts")
        ),
        sa.PrimaryKeyConstraint("rollout_id", "n", "name", name=op.f("pk_task_files")),
    )


def _rollouts() -> None:
    add = (
        sa.Column("targets", JSON, nullable=False, server_default="{}"),
        sa.Column("waves", JSON, nullable=False, server_default="[]"),
        sa.Column("wave", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("look_at", MS, nullable=True),
        sa.Column("halt_reason", sa.String(length=500), nullable=True),
        sa.Column("forgiven", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("offered", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("origin_id", ID, nullable=True),
    )
    for column in add:
        op.add_column("rollouts", column)
    looked_at = sa.text("look_at IS NOT NULL")
    op.create_index(
        "ix_rollouts_look_at", "rollouts", ["look_at"], sqlite_where=looked_at, postgresql_where=looked_at
    )


def _runs() -> None:
    add = (
        sa.Column("wave", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("not_until", MS, nullable=True),
        sa.Column("waiting", sa.String(length=500), nullable=True),
        sa.Column("reboots", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("boot_id", sa.String(length=100), nullable=True),
        sa.Column("output_key", sa.String(length=32), nullable=True),
    )
    for column in add:
        op.add_column("runs", column)
    op.drop_index(op.f("ix_runs_rollout_id"), "runs")
    op.create_index("ix_runs_rollout_id_state", "runs", ["rollout_id", "state"])
    op.create_index("ix_runs_rollout_id_output_key", "runs", ["rollout_id", "output_key"])
    not_until = sa.text("not_until IS NOT NULL")
    op.create_index(
        "ix_runs_not_until", "runs", ["not_until"], sqlite_where=not_until, postgresql_where=not_until
    )
    troubled = sa.text("state IN ('failed', 'cancelled', 'skipped', 'expired', 'unknown')")
    op.create_index("ix_runs_troubled", "runs", ["state"], sqlite_where=troubled, postgresql_where=troubled)


def _attempts() -> None:
    add = (
        sa.Column("stdout_gap", MS, nullable=False, server_default="0"),
        sa.Column("stderr_gap", MS, nullable=False, server_default="0"),
        sa.Column("output_key", sa.String(length=32), nullable=True),
        sa.Column("output_removed_at", MS, nullable=True),
    )
    for column in add:
        op.add_column("attempts", column)
    has_output = sa.text(
        "ended_at IS NOT NULL AND output_removed_at IS NULL AND stdout_size + stderr_size > 0"
    )
    op.create_index(
        "ix_attempts_output",
        "attempts",
        ["ended_at", "stdout_size", "stderr_size"],
        sqlite_where=has_output,
        postgresql_where=has_output,
    )


def _step_secrets() -> None:
    op.create_table(
        "step_secrets",
        sa.Column("step_id", ID, nullable=False),
        sa.Column("sealed", JSON, nullable=False),
        sa.ForeignKeyConstraint(["step_id"], ["steps.id"], name=op.f("fk_step_secrets_step_id_steps")),
        sa.PrimaryKeyConstraint("step_id", name=op.f("pk_step_secrets")),
    )


def _pauses() -> None:
    op.create_table(
        "pauses",
        sa.Column("id", ID, nullable=False),
        sa.Column("scope", sa.String(length=20), nullable=False),
        sa.Column("group_id", ID, nullable=True),
        sa.Column("device_id", ID, nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", MS, nullable=False),
        sa.Column("until", MS, nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_pauses_device_id_devices")),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name=op.f("fk_pauses_group_id_groups")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pauses")),
        sqlite_autoincrement=True,
    )
