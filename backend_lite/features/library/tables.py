"""Scripts and their revisions, software items, images of operating systems."""

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
    folder: Mapped[str] = mapped_column(String(400), default="", server_default=text("''"))
    tags: Mapped[list[str]] = mapped_column(Json, default=list, server_default="[]")
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
    detect: Mapped[str | None] = mapped_column(Text)
    undo: Mapped[str | None] = mapped_column(Text)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    message: Mapped[str] = mapped_column(Text)
    created_at: Mapped[int] = mapped_column(EpochMs)


class FavoriteScriptRow(Base):
    __tablename__ = "favorite_scripts"

    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id"), primary_key=True)
    script_id: Mapped[int] = mapped_column(Id, ForeignKey("scripts.id"), primary_key=True, index=True)


class SoftwareRow(Base):
    """How something is installed and removed. A deleted item stays for the runs that it had; its name is free
    again. `sha256` is what its file must have; an upload is in `blobs` under it."""

    __tablename__ = "software"
    __table_args__ = (
        Index("uq_software_live_name", "name_key", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(String(400))
    slug: Mapped[str] = mapped_column(String(200))
    version_text: Mapped[str] = mapped_column(String(100))
    description: Mapped[str | None] = mapped_column(Text)
    tags: Mapped[str] = mapped_column(Text)
    publisher: Mapped[str] = mapped_column(String(200))
    installer_type: Mapped[str] = mapped_column(String(20))
    source_type: Mapped[str] = mapped_column(String(20))
    source: Mapped[str] = mapped_column(Text)
    file_name: Mapped[str] = mapped_column(String(255))
    file_size: Mapped[int | None] = mapped_column(EpochMs)
    sha256: Mapped[str | None] = mapped_column(String(64), index=True)
    language: Mapped[str] = mapped_column(String(40))
    install_command: Mapped[str] = mapped_column(Text)
    install_args: Mapped[str] = mapped_column(Text)
    uninstall_command: Mapped[str] = mapped_column(Text)
    uninstall_args: Mapped[str] = mapped_column(Text)
    detection: Mapped[dict[str, Any]] = mapped_column(Json)
    exit_codes: Mapped[list[int]] = mapped_column(Json)
    timeout_s: Mapped[int]
    target_os_type: Mapped[str | None] = mapped_column(String(40))
    search: Mapped[str] = mapped_column(Text)
    created_at: Mapped[int] = mapped_column(EpochMs)
    updated_at: Mapped[int] = mapped_column(EpochMs)
    deleted_at: Mapped[int | None] = mapped_column(EpochMs)
    version: Mapped[int]
    edited_at_version: Mapped[dict[str, int]] = mapped_column(Json)


class OSImageRow(Base):
    """An image in the catalogue. `file_sha256` is its file in `blobs`, once its bytes were verified."""

    __tablename__ = "os_images"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(String(400), unique=True)
    version_text: Mapped[str] = mapped_column(String(100))
    edition: Mapped[str] = mapped_column(String(100))
    os_type: Mapped[str | None] = mapped_column(String(40))
    architecture: Mapped[str] = mapped_column(String(40))
    language: Mapped[str] = mapped_column(String(40))
    description: Mapped[str | None] = mapped_column(Text)
    storage_ref: Mapped[str] = mapped_column(Text)
    checksum: Mapped[str | None] = mapped_column(String(71))
    file_name: Mapped[str] = mapped_column(String(255))
    file_size: Mapped[int | None] = mapped_column(EpochMs)
    file_sha256: Mapped[str | None] = mapped_column(String(64), index=True)
    verified_at: Mapped[int | None] = mapped_column(EpochMs)
    search: Mapped[str] = mapped_column(Text)
    created_at: Mapped[int] = mapped_column(EpochMs)
    updated_at: Mapped[int] = mapped_column(EpochMs)
    version: Mapped[int]
    edited_at_version: Mapped[dict[str, int]] = mapped_column(Json)
