"""Devices and the lives that their agents' data folders have had."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backend_lite.core.db.base import Base, EpochMs, Id, Json
from backend_lite.core.versions import next_version
from backend_lite.features.fleet.labels import search_text


class DeviceRow(Base):
    """An endpoint; its identity is `public_key`, everything it says about itself is a label.

    `search` holds every label case-folded. `edited_at_version` says at which version each field that a
    person can edit last changed. `contact`, `metrics` and `last_contact_at` are what was last flushed:
    while the service runs, presence knows better. A retired device stays, so that its key cannot come
    back. A device of the protocol `http` has no key. `replaces_id` is the retired device that it was
    merged with. `forgotten_at`: what is left of it is being removed.
    """

    __tablename__ = "devices"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    uid: Mapped[str] = mapped_column(String(36), unique=True)
    public_key: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    protocol: Mapped[str] = mapped_column(String(20), default="channel", server_default="channel")
    hostname: Mapped[str] = mapped_column(String(255), index=True)
    os_type: Mapped[str | None] = mapped_column(String(40))
    os_version: Mapped[str | None] = mapped_column(String(200))
    os_description: Mapped[str | None] = mapped_column(String(200))
    hardware_summary: Mapped[str | None] = mapped_column(String(400))
    agent_version: Mapped[str | None] = mapped_column(String(80))
    address: Mapped[str | None] = mapped_column(String(80))
    serial: Mapped[str | None] = mapped_column(String(200), index=True)
    machine_id: Mapped[str | None] = mapped_column(String(200), index=True)
    tags: Mapped[list[str]] = mapped_column(Json, default=list)
    search: Mapped[str] = mapped_column(Text)
    profile_id: Mapped[int | None] = mapped_column(Id)
    admission: Mapped[str] = mapped_column(String(20))
    quarantine_reason: Mapped[str | None] = mapped_column(Text)
    possible_duplicate_of: Mapped[int | None] = mapped_column(ForeignKey("devices.id"))
    replaces_id: Mapped[int | None] = mapped_column(Id, ForeignKey("devices.id"))
    software_digest: Mapped[str] = mapped_column(String(64), default="", server_default=text("''"))
    software_at: Mapped[int | None] = mapped_column(EpochMs)
    facts: Mapped[dict[str, Any] | None] = mapped_column(Json)
    metrics: Mapped[dict[str, Any] | None] = mapped_column(Json)
    contact: Mapped[str] = mapped_column(String(20), default="offline")
    last_contact_at: Mapped[int | None] = mapped_column(EpochMs)
    created_at: Mapped[int] = mapped_column(EpochMs)
    retired_at: Mapped[int | None] = mapped_column(EpochMs)
    forgotten_at: Mapped[int | None] = mapped_column(EpochMs)
    came_by: Mapped[str] = mapped_column(String(200), default="", server_default=text("''"))
    version: Mapped[int] = mapped_column(default=1)
    edited_at_version: Mapped[dict[str, int]] = mapped_column(Json, default=dict)

    def change(self, fields: Mapping[str, Any]) -> bool:
        """Set columns; when any really changes, that makes another version and a new search text."""
        changed = [name for name, value in fields.items() if getattr(self, name) != value]
        for name in changed:
            setattr(self, name, fields[name])
        if changed:
            next_version(self, changed)
            self.reindex()
        return bool(changed)

    def reindex(self) -> None:
        """Make `search` from the labels as they are now."""
        labels = [self.hostname, self.uid, self.os_type, self.os_version, self.os_description]
        self.search = search_text([*labels, self.hardware_summary, self.address], self.tags)


class IncarnationRow(Base):
    """One life of one agent's data folder on one boot. The one that is not retired is the current one."""

    __tablename__ = "incarnations"
    __table_args__ = (
        Index("uq_incarnations_life", "device_id", "journal_epoch", "journal_file", "boot_id", unique=True),
        Index(
            "uq_incarnations_current", "device_id", unique=True, sqlite_where=text("retired_at IS NULL"),
            postgresql_where=text("retired_at IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )  # fmt: skip

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("devices.id"))
    journal_epoch: Mapped[str] = mapped_column(String(100))
    journal_file: Mapped[str] = mapped_column(String(100))
    boot_id: Mapped[str] = mapped_column(String(100))
    seen_first_at: Mapped[int] = mapped_column(EpochMs)
    retired_at: Mapped[int | None] = mapped_column(EpochMs)


class GroupRow(Base):
    """A named set of devices: those in `group_members`, or those that match `query`."""

    __tablename__ = "groups"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(String(400), unique=True)
    description: Mapped[str] = mapped_column(Text)
    query: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[int] = mapped_column(EpochMs)
    updated_at: Mapped[int] = mapped_column(EpochMs)
    version: Mapped[int] = mapped_column(default=1)
    edited_at_version: Mapped[dict[str, int]] = mapped_column(Json, default=dict)


class GroupMemberRow(Base):
    __tablename__ = "group_members"

    group_id: Mapped[int] = mapped_column(Id, ForeignKey("groups.id"), primary_key=True)
    device_id: Mapped[int] = mapped_column(Id, ForeignKey("devices.id"), primary_key=True, index=True)


class ExpectedDeviceRow(Base):
    """A device that is to come, and once it has, `device_id`."""

    __tablename__ = "expected_devices"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    hostname: Mapped[str] = mapped_column(String(255))
    hostname_key: Mapped[str] = mapped_column(String(255), index=True)
    serial: Mapped[str] = mapped_column(String(200))
    serial_key: Mapped[str] = mapped_column(String(200), index=True)
    tags: Mapped[list[str]] = mapped_column(Json)
    groups: Mapped[list[int]] = mapped_column(Json)
    note: Mapped[str] = mapped_column(Text)
    created_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[int] = mapped_column(EpochMs)
    device_id: Mapped[int | None] = mapped_column(Id, ForeignKey("devices.id"), index=True)
    arrived_at: Mapped[int | None] = mapped_column(EpochMs)


class SoftwareTitleRow(Base):
    """A name that software is installed under, once for all devices; `name_key` is the name without its case.
    `devices` have it: the counter is kept when a device reports, and what no device has is not kept."""

    __tablename__ = "software_titles"
    __table_args__ = (UniqueConstraint("name", "publisher"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(400))
    name_key: Mapped[str] = mapped_column(String(800), index=True)
    publisher: Mapped[str] = mapped_column(String(200))
    devices: Mapped[int]


class DeviceSoftwareRow(Base):
    """Something that is installed on a device, under a number that only tells it from the others there."""

    __tablename__ = "device_software"
    __table_args__ = (Index("ix_device_software_title", "title_id", "version", "device_id"),)

    device_id: Mapped[int] = mapped_column(Id, ForeignKey("devices.id"), primary_key=True)
    n: Mapped[int] = mapped_column(Integer, primary_key=True)
    title_id: Mapped[int] = mapped_column(Id, ForeignKey("software_titles.id"))
    version: Mapped[str] = mapped_column(String(200))
    source: Mapped[str] = mapped_column(String(20))
    architecture: Mapped[str] = mapped_column(String(40))
    installed_on: Mapped[str] = mapped_column(String(10))


class MetricDayRow(Base):
    """What a device was doing on a day (days since 1970, UTC): three bytes for every five minutes, half
    percents of processor, memory and disk, 255 where nothing was heard. The rows of a day lie together, as
    they are written. No foreign key: to remove a device, all the rows would be looked through."""

    __tablename__ = "metric_days"

    day: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    device_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    samples: Mapped[bytes] = mapped_column(LargeBinary)
