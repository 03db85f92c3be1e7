"""The database about itself, access, library"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MS = sa.BigInteger()
JSON = sa.JSON(none_as_null=True)
LIVE = sa.text("deleted_at IS NULL")


def upgrade() -> None:
    _core()
    _access()
    _library()


def _core() -> None:
    op.create_table(
        "meta",
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", ID, nullable=False),
        sa.Column("topic", sa.String(length=80), nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("created_at", MS, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sqlite_autoincrement=True,
    )


def _access() -> None:
    op.create_table(
        "users",
        sa.Column("id", ID, nullable=False),
        sa.Column("username", sa.String(length=100), nullable=False),
        sa.Column("name_key", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=True),
        sa.Column("full_name", sa.String(length=200), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", MS, nullable=False),
        sa.Column("last_login", MS, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("name_key", name=op.f("uq_users_name_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "tokens",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject_kind", sa.String(length=40), nullable=True),
        sa.Column("subject_id", ID, nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("options", JSON, nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_by", ID, nullable=True),
        sa.Column("created_at", MS, nullable=False),
        sa.Column("expires_at", MS, nullable=True),
        sa.Column("idle_timeout_ms", MS, nullable=True),
        sa.Column("max_uses", sa.Integer(), nullable=True),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("revoked_at", MS, nullable=True),
        sa.Column("last_used_at", MS, nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_tokens_created_by_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_tokens_secret_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_tokens_kind_tokens_expires_at"), "tokens", ["kind", "expires_at"], unique=False)
    op.create_index(
        op.f("ix_tokens_subject_kind_tokens_subject_id"),
        "tokens",
        ["subject_kind", "subject_id"],
        unique=False,
    )
    op.create_table(
        "login_failures",
        sa.Column("name_key", sa.String(length=200), nullable=False),
        sa.Column("address", sa.String(length=100), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_failed_at", MS, nullable=False),
        sa.PrimaryKeyConstraint("name_key", "address", name=op.f("pk_login_failures")),
    )
    op.create_index(
        op.f("ix_login_failures_last_failed_at"), "login_failures", ["last_failed_at"], unique=False
    )


def _library() -> None:
    op.create_table(
        "scripts",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_key", sa.String(length=400), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("target_os_type", sa.String(length=40), nullable=True),
        sa.Column("timeout_s", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("created_at", MS, nullable=False),
        sa.Column("updated_at", MS, nullable=False),
        sa.Column("deleted_at", MS, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("edited_at_version", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scripts")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_scripts_live_name", "scripts", ["name_key"], unique=True, sqlite_where=LIVE, postgresql_where=LIVE
    )
    op.create_table(
        "script_revisions",
        sa.Column("id", ID, nullable=False),
        sa.Column("script_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=40), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.String(length=71), nullable=False),
        sa.Column("author_id", ID, nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("created_at", MS, nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["users.id"], name=op.f("fk_script_revisions_author_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["script_id"], ["scripts.id"], name=op.f("fk_script_revisions_script_id_scripts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_script_revisions")),
        sa.UniqueConstraint("script_id", "number", name=op.f("uq_script_revisions_script_id_number")),
        sqlite_autoincrement=True,
    )
