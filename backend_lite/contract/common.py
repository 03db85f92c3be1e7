"""Shapes that every area shares: times, pages, errors."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")

Time = str
"""An RFC 3339 instant in UTC with milliseconds and `Z`, such as `2026-01-31T09:05:00.250Z`."""


def format_time(epoch_ms: int) -> Time:
    """The instant `epoch_ms` milliseconds after 1970 in the wire's form."""
    instant = datetime.fromtimestamp(epoch_ms // 1000, UTC)
    return f"{instant:%Y-%m-%dT%H:%M:%S}.{epoch_ms % 1000:03d}Z"


def optional_time(epoch_ms: int | None) -> Time | None:
    return None if epoch_ms is None else format_time(epoch_ms)


def parse_time(text: Time) -> datetime:
    """The reverse of `format_time`; input without a zone is UTC. Raises ValueError."""
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


class Page(Struct, Generic[T]):
    """One page of a list of our own routes; `next` is the cursor of the following one, or null."""

    items: list[T]
    next: str | None = None


class Problem(Struct, omit_defaults=True):
    """The body of every error. `detail` is the sentence for a person; `code` is for programs.

    `id` is there for errors inside the service: the log holds the rest under it.
    """

    detail: str
    code: str = ""
    id: str = ""


class Message(Struct):
    message: str
