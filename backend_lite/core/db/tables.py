"""Tables that belong to no area."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from backend_lite.core.db.base import Base, EpochMs, Id, Json


class Meta(Base):
    """Facts about the database itself and the few settings needed before any area runs."""

    __tablename__ = "meta"

    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class OutboxRow(Base):
    """A reaction that an area owes; deleted by the transaction that carries it out."""

    __tablename__ = "outbox"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    topic: Mapped[str] = mapped_column(String(80))
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    created_at: Mapped[int] = mapped_column(EpochMs)


class BlobRow(Base):
    """A file that the service keeps under its SHA-256. `created_at` also says when it was last asked to
    stay."""

    __tablename__ = "blobs"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int] = mapped_column(EpochMs)
    created_at: Mapped[int] = mapped_column(EpochMs)


class UploadRow(Base):
    """A file on its way in, for the artifact `purpose`. `received` bytes of it are safely on the disk. One
    that `is_finished` is kept by its `sha256`; its row stays for a day, for whoever lost that answer."""

    __tablename__ = "uploads"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(40))
    file_name: Mapped[str] = mapped_column(String(255))
    size: Mapped[int] = mapped_column(EpochMs)
    sha256: Mapped[str | None] = mapped_column(String(64))
    received: Mapped[int] = mapped_column(EpochMs)
    created_by_id: Mapped[int] = mapped_column(Id)
    created_at: Mapped[int] = mapped_column(EpochMs)
    touched_at: Mapped[int] = mapped_column(EpochMs)
    is_finished: Mapped[bool] = mapped_column(default=False)


class AuditRow(Base):
    """An event of the audit. `hash` is over the event and `previous`, the hash of the event before;
    events are only ever added, and taken away as whole sealed segments from the oldest end."""

    __tablename__ = "audit_events"
    __table_args__ = (
        Index("ix_audit_events_entity", "entity_type", "entity_id", "id"),
        Index("ix_audit_events_actor", "actor", "id"),
        Index("ix_audit_events_action_type", "action_type", "id"),
        Index("ix_audit_events_at", "at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[int] = mapped_column(EpochMs)
    actor: Mapped[str] = mapped_column(String(200))
    actor_id: Mapped[int | None] = mapped_column(Id)
    address: Mapped[str] = mapped_column(String(100))
    user_agent: Mapped[str] = mapped_column(String(300))
    action: Mapped[str] = mapped_column(String(80))
    action_type: Mapped[str] = mapped_column(String(20))
    entity_type: Mapped[str] = mapped_column(String(40))
    entity_id: Mapped[str] = mapped_column(String(80))
    entity_name: Mapped[str] = mapped_column(String(300))
    summary: Mapped[str] = mapped_column(Text)
    before: Mapped[dict[str, Any] | None] = mapped_column(Json)
    after: Mapped[dict[str, Any] | None] = mapped_column(Json)
    details: Mapped[dict[str, Any]] = mapped_column(Json)
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AuditHeadRow(Base):
    """The newest event (`id` is always 1): what was cut off at the newest end is missed."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    event_id: Mapped[int] = mapped_column(Id)
    hash: Mapped[str] = mapped_column(String(64))


class AuditSegmentRow(Base):
    """Events that the retention has taken away: how many, from when to when, and the hash that goes on."""

    __tablename__ = "audit_segments"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    first_id: Mapped[int] = mapped_column(Id)
    last_id: Mapped[int] = mapped_column(Id)
    first_at: Mapped[int] = mapped_column(EpochMs)
    last_at: Mapped[int] = mapped_column(EpochMs)
    events: Mapped[int]
    last_hash: Mapped[str] = mapped_column(String(64))
    sealed_at: Mapped[int] = mapped_column(EpochMs)
    file_name: Mapped[str] = mapped_column(String(200))
    file_sha256: Mapped[str] = mapped_column(String(64))
