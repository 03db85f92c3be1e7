"""Expected devices, installed software, metrics, devices without a key"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MS = sa.BigInteger()
JSON = sa.JSON(none_as_null=True)


def upgrade() -> None:
    _devices()
    _expected_devices()
    _software_titles()
    _device_software()
    _metric_days()


def _devices() -> None:
    with op.batch_alter_table("devices", table_kwargs={"sqlite_autoincrement": True}) as devices:
        devices.alter_column("public_key", existing_type=sa.LargeBinary(32), nullable=True)
        devices.add_column(
            sa.Column("protocol", sa.String(length=20), server_default="channel", nullable=False)
        )
        devices.add_column(sa.Column("replaces_id", ID, nullable=True))
        devices.add_column(
            sa.Column("software_digest", sa.String(length=64), server_default=sa.text("''"), nullable=False)
        )
        devices.add_column(sa.Column("software_at", MS, nullable=True))
        devices.add_column(sa.Column("forgotten_at", MS, nullable=True))
        devices.add_column(
            sa.Column("came_by", sa.String(length=200), server_default=sa.text("''"), nullable=False)
        )
        devices.create_foreign_key(op.f("fk_devices_replaces_id_devices"), "devices", ["replaces_id"], ["id"])


def _expected_devices() -> None:
    op.create_table(
        "expected_devices",
        sa.Column("id", ID, nullable=False),
        sa.Column("hostname", sa.String(length=255), nullable=False),
        sa.Column("hostname_key", sa.String(length=255), nullable=False),
        sa.Column("serial", sa.String(length=200), nullable=False),
        sa.Column("serial_key", sa.String(length=200), nullable=False),
        sa.Column("tags", JSON, nullable=False),
        sa.Column("groups", JSON, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", MS, nullable=False),
        sa.Column("device_id", ID, nullable=True),
        sa.Column("arrived_at", MS, nullable=True),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_expected_devices_device_id_devices")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expected_devices")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_expected_devices_device_id"), "expected_devices", ["device_id"], unique=False)
    op.create_index(
        op.f("ix_expected_devices_hostname_key"), "expected_devices", ["hostname_key"], unique=False
    )
    op.create_index(op.f("ix_expected_devices_serial_key"), "expected_devices", ["serial_key"], unique=False)


def _software_titles() -> None:
    op.create_table(
        "software_titles",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(length=400), nullable=False),
        sa.Column("name_key", sa.String(length=800), nullable=False),
        sa.Column("publisher", sa.String(length=200), nullable=False),
        sa.Column("devices", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_software_titles")),
        sa.UniqueConstraint("name", "publisher", name=op.f("uq_software_titles_name_publisher")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_software_titles_name_key"), "software_titles", ["name_key"], unique=False)


def _device_software() -> None:
    op.create_table(
        "device_software",
        sa.Column("device_id", ID, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("title_id", ID, nullable=False),
        sa.Column("version", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("architecture", sa.String(length=40), nullable=False),
        sa.Column("installed_on", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_device_software_device_id_devices")
        ),
        sa.ForeignKeyConstraint(
            ["title_id"], ["software_titles.id"], name=op.f("fk_device_software_title_id_software_titles")
        ),
        sa.PrimaryKeyConstraint("device_id", "n", name=op.f("pk_device_software")),
    )
    op.create_index(
        "ix_device_software_title", "device_software", ["title_id", "version", "device_id"], unique=False
    )


def _metric_days() -> None:
    op.create_table(
        "metric_days",
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("device_id", ID, nullable=False),
        sa.Column("samples", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("day", "device_id", name=op.f("pk_metric_days")),
    )
