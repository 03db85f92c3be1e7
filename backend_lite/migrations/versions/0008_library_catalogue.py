"""Folders, tags, detect and undo of scripts; software items; images"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MS = sa.BigInteger()
JSON = sa.JSON(none_as_null=True)


def upgrade() -> None:
    _scripts()
    _script_revisions()
    _favorite_scripts()
    _software()
    _os_images()


def _scripts() -> None:
    op.add_column(
        "scripts", sa.Column("folder", sa.String(length=400), server_default=sa.text("''"), nullable=False)
    )
    op.add_column("scripts", sa.Column("tags", JSON, server_default="[]", nullable=False))


def _script_revisions() -> None:
    op.add_column("script_revisions", sa.Column("detect", sa.Text(), nullable=True))
    op.add_column("script_revisions", sa.Column("undo", sa.Text(), nullable=True))


def _favorite_scripts() -> None:
    op.create_table(
        "favorite_scripts",
        sa.Column("user_id", ID, nullable=False),
        sa.Column("script_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["script_id"], ["scripts.id"], name=op.f("fk_favorite_scripts_script_id_scripts")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_favorite_scripts_user_id_users")),
        sa.PrimaryKeyConstraint("user_id", "script_id", name=op.f("pk_favorite_scripts")),
    )
    op.create_index(op.f("ix_favorite_scripts_script_id"), "favorite_scripts", ["script_id"], unique=False)


def _software() -> None:
    op.create_table(
        "software",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_key", sa.String(length=400), nullable=False),
        sa.Column("slug", sa.String(length=200), nullable=False),
        sa.Column("version_text", sa.String(length=100), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("publisher", sa.String(length=200), nullable=False),
        sa.Column("installer_type", sa.String(length=20), nullable=False),
        sa.Column("source_type", sa.String(length=20), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("file_size", MS, nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("language", sa.String(length=40), nullable=False),
        sa.Column("install_command", sa.Text(), nullable=False),
        sa.Column("install_args", sa.Text(), nullable=False),
        sa.Column("uninstall_command", sa.Text(), nullable=False),
        sa.Column("uninstall_args", sa.Text(), nullable=False),
        sa.Column("detection", JSON, nullable=False),
        sa.Column("exit_codes", JSON, nullable=False),
        sa.Column("timeout_s", sa.Integer(), nullable=False),
        sa.Column("target_os_type", sa.String(length=40), nullable=True),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("created_at", MS, nullable=False),
        sa.Column("updated_at", MS, nullable=False),
        sa.Column("deleted_at", MS, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("edited_at_version", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_software")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_software_sha256"), "software", ["sha256"], unique=False)
    op.create_index(
        "uq_software_live_name",
        "software",
        ["name_key"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )


def _os_images() -> None:
    op.create_table(
        "os_images",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_key", sa.String(length=400), nullable=False),
        sa.Column("version_text", sa.String(length=100), nullable=False),
        sa.Column("edition", sa.String(length=100), nullable=False),
        sa.Column("os_type", sa.String(length=40), nullable=True),
        sa.Column("architecture", sa.String(length=40), nullable=False),
        sa.Column("language", sa.String(length=40), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("storage_ref", sa.Text(), nullable=False),
        sa.Column("checksum", sa.String(length=71), nullable=True),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("file_size", MS, nullable=True),
        sa.Column("file_sha256", sa.String(length=64), nullable=True),
        sa.Column("verified_at", MS, nullable=True),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("created_at", MS, nullable=False),
        sa.Column("updated_at", MS, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("edited_at_version", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_os_images")),
        sa.UniqueConstraint("name_key", name=op.f("uq_os_images_name_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_os_images_file_sha256"), "os_images", ["file_sha256"], unique=False)
