"""Scripts and their revisions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from backend_lite.core.db.base import Base, EpochMs, Id, Json

_LIVE = text("deleted_at IS NULL")


class ScriptRow(Base):
    """`revision` is the number of the current one. A deleted script stays for the runs that it had; its name
    is free again. `name_key` is the name as compared, `search` every label case-folded; `edited_at_version`
    says at which version each field last changed."""

    __tablename__ = "scripts"
    __table_args__ = (
        Index("uq_scripts_live_name", "name_key", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(String(400))
    description: Mapped[str | None] = mapped_column(Text)
    target_os_type: Mapped[str | None] = mapped_column(String(40))
    timeout_s: Mapped[int]
    idempotent: Mapped[bool] = mapped_column(default=False, server_default=false())
    revision: Mapped[int]
    search: Mapped[str] = mapped_column(Text)
    created_at: Mapped[int] = mapped_column(EpochMs)
    updated_at: Mapped[int] = mapped_column(EpochMs)
    deleted_at: Mapped[int | None] = mapped_column(EpochMs)
    version: Mapped[int]
    edited_at_version: Mapped[dict[str, int]] = mapped_column(Json)


class ScriptRevisionRow(Base):
    """Never changes once it is written; numbers count from 1 in each script."""

    __tablename__ = "script_revisions"
    __table_args__ = (UniqueConstraint("script_id", "number"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    script_id: Mapped[int] = mapped_column(ForeignKey("scripts.id"))
    number: Mapped[int]
    language: Mapped[str] = mapped_column(String(40))
    content: Mapped[str] = mapped_column(Text)
    content_hash: Mapped[str] = mapped_column(String(71))
    parameters: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list, server_default="[]")
    author_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    message: Mapped[str] = mapped_column(Text)
    created_at: Mapped[int] = mapped_column(EpochMs)
