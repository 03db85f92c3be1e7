"""Tables that belong to no area."""

from __future__ import annotations

from typing import Any

from sqlalchemy import String, Text
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
    """A file on its way in, for the artifact `purpose`. `received` bytes of it are safely on the disk."""

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
