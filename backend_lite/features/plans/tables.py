"""Profiles, templates, their tasks and revisions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend_lite.core.db.base import Base, EpochMs, Id, Json


class ProfileRow(Base):
    """A profile, or with `is_template` what profiles are made from. `revision` is the number of the
    newest."""

    __tablename__ = "profiles"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(String(400), unique=True)
    description: Mapped[str | None] = mapped_column(Text)
    target_os_type: Mapped[str | None] = mapped_column(String(40))
    is_template: Mapped[bool]
    os_image_id: Mapped[int | None] = mapped_column(Id, ForeignKey("os_images.id"), index=True)
    revision: Mapped[int]
    task_count: Mapped[int]
    search: Mapped[str] = mapped_column(Text)
    created_at: Mapped[int] = mapped_column(EpochMs)
    updated_at: Mapped[int] = mapped_column(EpochMs)
    version: Mapped[int]
    edited_at_version: Mapped[dict[str, int]] = mapped_column(Json)


class ProfileTaskRow(Base):
    """A task as it is now. `script_revision_id` null: the script's current revision."""

    __tablename__ = "profile_tasks"
    __table_args__ = (
        Index("ix_profile_tasks_profile_id", "profile_id", "order_index", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    profile_id: Mapped[int] = mapped_column(Id, ForeignKey("profiles.id"))
    name: Mapped[str] = mapped_column(String(300))
    description: Mapped[str | None] = mapped_column(Text)
    order_index: Mapped[int] = mapped_column(Integer)
    action_type: Mapped[str] = mapped_column(String(40))
    action: Mapped[str] = mapped_column(String(20))
    script_id: Mapped[int | None] = mapped_column(Id, ForeignKey("scripts.id"), index=True)
    script_revision_id: Mapped[int | None] = mapped_column(Id, ForeignKey("script_revisions.id"))
    software_id: Mapped[int | None] = mapped_column(Id, ForeignKey("software.id"), index=True)
    continue_on_error: Mapped[bool]
    arguments: Mapped[list[str]] = mapped_column(Json)
    parameters: Mapped[dict[str, Any]] = mapped_column(Json)
    timeout_s: Mapped[int | None] = mapped_column(Integer)
    reboot: Mapped[str] = mapped_column(String(20))
    condition: Mapped[dict[str, Any]] = mapped_column(Json)
    created_at: Mapped[int] = mapped_column(EpochMs)
    updated_at: Mapped[int] = mapped_column(EpochMs)


class ProfileRevisionRow(Base):
    """The tasks of a profile as they were, in the contract's form. Never changes once it is written."""

    __tablename__ = "profile_revisions"
    __table_args__ = (UniqueConstraint("profile_id", "number"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    profile_id: Mapped[int] = mapped_column(Id, ForeignKey("profiles.id"))
    number: Mapped[int] = mapped_column(Integer)
    tasks: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    author_id: Mapped[int | None] = mapped_column(Id, ForeignKey("users.id"))
    message: Mapped[str] = mapped_column(Text)
    created_at: Mapped[int] = mapped_column(EpochMs)
