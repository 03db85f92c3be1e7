"""Users, tokens, and the failed log-ins that make the next one wait."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from backend_lite.core.db.base import Base, EpochMs, Id, Json


class UserRow(Base):
    """`name_key` is the user name as compared: two names that differ in case only are one name."""

    __tablename__ = "users"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    username: Mapped[str] = mapped_column(String(100))
    name_key: Mapped[str] = mapped_column(String(200), unique=True)
    email: Mapped[str | None] = mapped_column(String(320))
    full_name: Mapped[str | None] = mapped_column(String(200))
    password_hash: Mapped[str | None] = mapped_column(Text)
    role: Mapped[str] = mapped_column(String(40))
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[int] = mapped_column(EpochMs)
    last_login: Mapped[int | None] = mapped_column(EpochMs)


class TokenRow(Base):
    """One bearer secret. The secret itself is nowhere, only its SHA-256.

    `subject_kind` and `subject_id` say whom it signs in (a user, a device); both are null for a token that
    anyone may use, such as an enrollment token. `used` counts uses, up to `max_uses` when that is set.
    """

    __tablename__ = "tokens"
    __table_args__ = (
        Index(None, "kind", "expires_at"),
        Index(None, "subject_kind", "subject_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    subject_kind: Mapped[str | None] = mapped_column(String(40))
    subject_id: Mapped[int | None] = mapped_column(Id)
    name: Mapped[str] = mapped_column(String(200))
    options: Mapped[dict[str, Any]] = mapped_column(Json)
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[int] = mapped_column(EpochMs)
    expires_at: Mapped[int | None] = mapped_column(EpochMs)
    idle_timeout_ms: Mapped[int | None] = mapped_column(EpochMs)
    max_uses: Mapped[int | None]
    used: Mapped[int] = mapped_column(default=0)
    revoked_at: Mapped[int | None] = mapped_column(EpochMs)
    last_used_at: Mapped[int | None] = mapped_column(EpochMs)


class LoginFailureRow(Base):
    """Failed log-ins of one name from one address, since the last that succeeded."""

    __tablename__ = "login_failures"

    name_key: Mapped[str] = mapped_column(String(200), primary_key=True)
    address: Mapped[str] = mapped_column(String(100), primary_key=True)
    failures: Mapped[int]
    last_failed_at: Mapped[int] = mapped_column(EpochMs, index=True)
