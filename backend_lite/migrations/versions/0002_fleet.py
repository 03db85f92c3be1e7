"""Devices and the lives of their agents"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MS = sa.BigInteger()
JSON = sa.JSON(none_as_null=True)
CURRENT = sa.text("retired_at IS NULL")


def upgrade() -> None:
    _devices()
    _incarnations()


def _devices() -> None:
    op.create_table(
        "devices",
        sa.Column("id", ID, nullable=False),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("public_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hostname", sa.String(length=255), nullable=False),
        sa.Column("os_type", sa.String(length=40), nullable=True),
        sa.Column("os_version", sa.String(length=200), nullable=True),
        sa.Column("os_description", sa.String(length=200), nullable=True),
        sa.Column("hardware_summary", sa.String(length=400), nullable=True),
        sa.Column("agent_version", sa.String(length=80), nullable=True),
        sa.Column("address", sa.String(length=80), nullable=True),
        sa.Column("serial", sa.String(length=200), nullable=True),
        sa.Column("machine_id", sa.String(length=200), nullable=True),
        sa.Column("tags", JSON, nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("profile_id", ID, nullable=True),
        sa.Column("admission", sa.String(length=20), nullable=False),
        sa.Column("quarantine_reason", sa.Text(), nullable=True),
        sa.Column("possible_duplicate_of", ID, nullable=True),
        sa.Column("facts", JSON, nullable=True),
        sa.Column("metrics", JSON, nullable=True),
        sa.Column("contact", sa.String(length=20), nullable=False),
        sa.Column("last_contact_at", MS, nullable=True),
        sa.Column("created_at", MS, nullable=False),
        sa.Column("retired_at", MS, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("edited_at_version", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["possible_duplicate_of"], ["devices.id"], name=op.f("fk_devices_possible_duplicate_of_devices")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices")),
        sa.UniqueConstraint("uid", name=op.f("uq_devices_uid")),
        sqlite_autoincrement=True,
    )
    for column in ("hostname", "serial", "machine_id"):
        op.create_index(op.f(f"ix_devices_{column}"), "devices", [column], unique=False)


def _incarnations() -> None:
    op.create_table(
        "incarnations",
        sa.Column("id", ID, nullable=False),
        sa.Column("device_id", ID, nullable=False),
        sa.Column("journal_epoch", sa.String(length=100), nullable=False),
        sa.Column("journal_file", sa.String(length=100), nullable=False),
        sa.Column("boot_id", sa.String(length=100), nullable=False),
        sa.Column("seen_first_at", MS, nullable=False),
        sa.Column("retired_at", MS, nullable=True),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_incarnations_device_id_devices")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incarnations")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_incarnations_life",
        "incarnations",
        ["device_id", "journal_epoch", "journal_file", "boot_id"],
        unique=True,
    )
    op.create_index(
        "uq_incarnations_current",
        "incarnations",
        ["device_id"],
        unique=True,
        sqlite_where=CURRENT,
        postgresql_where=CURRENT,
    )
