"""Profiles and templates"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MS = sa.BigInteger()
JSON = sa.JSON(none_as_null=True)


def upgrade() -> None:
    _profiles()
    _profile_tasks()
    _profile_revisions()


def _profiles() -> None:
    op.create_table(
        "profiles",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_key", sa.String(length=400), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("target_os_type", sa.String(length=40), nullable=True),
        sa.Column("is_template", sa.Boolean(), nullable=False),
        sa.Column("os_image_id", ID, nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("task_count", sa.Integer(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("created_at", MS, nullable=False),
        sa.Column("updated_at", MS, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("edited_at_version", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["os_image_id"], ["os_images.id"], name=op.f("fk_profiles_os_image_id_os_images")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_profiles")),
        sa.UniqueConstraint("name_key", name=op.f("uq_profiles_name_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_profiles_os_image_id"), "profiles", ["os_image_id"], unique=False)


def _profile_tasks() -> None:
    op.create_table(
        "profile_tasks",
        sa.Column("id", ID, nullable=False),
        sa.Column("profile_id", ID, nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("order_index", sa.Integer(), nullable=False),
        sa.Column("action_type", sa.String(length=40), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("script_id", ID, nullable=True),
        sa.Column("script_revision_id", ID, nullable=True),
        sa.Column("software_id", ID, nullable=True),
        sa.Column("continue_on_error", sa.Boolean(), nullable=False),
        sa.Column("arguments", JSON, nullable=False),
        sa.Column("parameters", JSON, nullable=False),
        sa.Column("timeout_s", sa.Integer(), nullable=True),
        sa.Column("reboot", sa.String(length=20), nullable=False),
        sa.Column("condition", JSON, nullable=False),
        sa.Column("created_at", MS, nullable=False),
        sa.Column("updated_at", MS, nullable=False),
        sa.ForeignKeyConstraint(
            ["profile_id"], ["profiles.id"], name=op.f("fk_profile_tasks_profile_id_profiles")
        ),
        sa.ForeignKeyConstraint(
            ["script_id"], ["scripts.id"], name=op.f("fk_profile_tasks_script_id_scripts")
        ),
        sa.ForeignKeyConstraint(
            ["script_revision_id"],
            ["script_revisions.id"],
            name=op.f("fk_profile_tasks_script_revision_id_script_revisions"),
        ),
        sa.ForeignKeyConstraint(
            ["software_id"], ["software.id"], name=op.f("fk_profile_tasks_software_id_software")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_profile_tasks")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_profile_tasks_profile_id", "profile_tasks", ["profile_id", "order_index", "id"], unique=False
    )
    op.create_index(op.f("ix_profile_tasks_script_id"), "profile_tasks", ["script_id"], unique=False)
    op.create_index(op.f("ix_profile_tasks_software_id"), "profile_tasks", ["software_id"], unique=False)


def _profile_revisions() -> None:
    op.create_table(
        "profile_revisions",
        sa.Column("id", ID, nullable=False),
        sa.Column("profile_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("tasks", JSON, nullable=False),
        sa.Column("author_id", ID, nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("created_at", MS, nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["users.id"], name=op.f("fk_profile_revisions_author_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["profile_id"], ["profiles.id"], name=op.f("fk_profile_revisions_profile_id_profiles")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_profile_revisions")),
        sa.UniqueConstraint("profile_id", "number", name=op.f("uq_profile_revisions_profile_id_number")),
        sqlite_autoincrement=True,
    )
