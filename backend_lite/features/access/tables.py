"""Users, tokens, and the failed log-ins that make the next one wait."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend_lite.core.db.base import Base, EpochMs, Id, Json


class UserRow(Base):
    """`name_key` is the user name as compared: two names that differ in case only are one name.
    `otp_sealed` is the second factor's secret under the master key, which counts from `otp_enabled_at`
    on; `otp_used_step` is the newest time step that a code was used for. `recovery_codes` are hashes."""

    __tablename__ = "users"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    username: Mapped[str] = mapped_column(String(100))
    name_key: Mapped[str] = mapped_column(String(200), unique=True)
    email: Mapped[str | None] = mapped_column(String(320))
    full_name: Mapped[str | None] = mapped_column(String(200))
    password_hash: Mapped[str | None] = mapped_column(Text)
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[int] = mapped_column(EpochMs)
    last_login: Mapped[int | None] = mapped_column(EpochMs)
    removed_at: Mapped[int | None] = mapped_column(EpochMs)
    otp_sealed: Mapped[str | None] = mapped_column(Text)
    otp_enabled_at: Mapped[int | None] = mapped_column(EpochMs)
    otp_used_step: Mapped[int | None] = mapped_column(EpochMs)
    recovery_codes: Mapped[list[str]] = mapped_column(Json, default=list, server_default="[]")
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    edited_at_version: Mapped[dict[str, int]] = mapped_column(Json, default=dict, server_default="{}")


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
    """Failed log-ins of one name from one address, since the last that succeeded. With an empty `name_key`:
    those of the address, whatever the names, that are not forgiven yet."""

    __tablename__ = "login_failures"

    name_key: Mapped[str] = mapped_column(String(200), primary_key=True)
    address: Mapped[str] = mapped_column(String(100), primary_key=True)
    failures: Mapped[int]
    last_failed_at: Mapped[int] = mapped_column(EpochMs, index=True)


class RoleRow(Base):
    """`grants` are `artifact:verb`; `groups` limit them to devices in these groups, where there are any.
    `built_in` names the roles that come with the product and cannot be changed."""

    __tablename__ = "roles"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(String(400), unique=True)
    description: Mapped[str] = mapped_column(Text)
    built_in: Mapped[str | None] = mapped_column(String(40))
    grants: Mapped[list[str]] = mapped_column(Json)
    groups: Mapped[list[int]] = mapped_column(Json)
    created_at: Mapped[int] = mapped_column(EpochMs)
    version: Mapped[int] = mapped_column(default=1)
    edited_at_version: Mapped[dict[str, int]] = mapped_column(Json, default=dict)


class UserRoleRow(Base):
    __tablename__ = "user_roles"

    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id"), primary_key=True)
    role_id: Mapped[int] = mapped_column(Id, ForeignKey("roles.id"), primary_key=True, index=True)


ANY_ISSUER = ""
"""The issuer of an identity that was written down before its user came: the first sign-in of its subject at
the configured provider puts that one's in place."""


class IdentityRow(Base):
    """A sign-in of a user at a provider: the pair of issuer and subject, never a name."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("issuer", "subject"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id"), index=True)
    issuer: Mapped[str] = mapped_column(String(400))
    subject: Mapped[str] = mapped_column(String(255))
    email: Mapped[str | None] = mapped_column(String(320))
    created_at: Mapped[int] = mapped_column(EpochMs)


class SignInRow(Base):
    """A sign-in that is under way elsewhere: `kind` is `oidc` (`state_hash` is that of its state) or
    `sdk` (of the session's id). `user_id` is who confirmed it; it is used once."""

    __tablename__ = "sign_ins"

    state_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    options: Mapped[dict[str, Any]] = mapped_column(Json)
    user_id: Mapped[int | None] = mapped_column(Id, ForeignKey("users.id"))
    created_at: Mapped[int] = mapped_column(EpochMs)
    expires_at: Mapped[int] = mapped_column(EpochMs, index=True)
    used_at: Mapped[int | None] = mapped_column(EpochMs)
