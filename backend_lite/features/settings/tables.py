"""Settings that differ from their defaults."""

from __future__ import annotations

from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from backend_lite.core.db.base import Base, EpochMs, Json


class SettingRow(Base):
    """`value` is JSON; a secret has `sealed` instead, its value under the master key. What nobody declared
    stands in its group, too, or in `custom` where it belongs to none."""

    __tablename__ = "settings"

    group: Mapped[str] = mapped_column(String(40), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    value: Mapped[Any] = mapped_column(Json)
    sealed: Mapped[str | None] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[int] = mapped_column(EpochMs)
    updated_at: Mapped[int] = mapped_column(EpochMs)
    updated_by: Mapped[str] = mapped_column(String(200))
