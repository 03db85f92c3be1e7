"""The declarative base: one metadata, with the naming convention that migrations rely on."""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy import JSON, BigInteger, Integer, MetaData
from sqlalchemy.orm import DeclarativeBase, Session

NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

EpochMs = BigInteger
"""Milliseconds since 1970, UTC: sorts, compares and survives every driver alike."""

Id = BigInteger().with_variant(Integer, "sqlite")
Json = JSON(none_as_null=True)


MAX_ID = 2**63 - 1


def storable(row_id: int) -> bool:
    """True for a number that can be an id: a path can name others, which no database takes."""
    return 0 < row_id <= MAX_ID


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


Row = TypeVar("Row", bound=Base)


def stored(session: Session, kind: type[Row], row_id: int) -> Row | None:
    """The row of that id, if there is one; for ids that come from outside."""
    return session.get(kind, row_id) if storable(row_id) else None
