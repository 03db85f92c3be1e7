"""The audit as a file: a line of JSON or of a table for each event, the oldest first, in pieces."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from backend_lite.contract.audit import AuditDetails
from backend_lite.core.csv_text import write_rows
from backend_lite.core.db.database import Database
from backend_lite.errors import InvalidError
from backend_lite.features.audit.reading import AuditFilter, details_after

TYPES = {"jsonl": "application/x-ndjson", "csv": "text/csv"}
_COLUMNS = AuditDetails.__struct_fields__
"""Of a table."""


def checked_format(name: str) -> str:
    """Raises InvalidError."""
    if name not in TYPES:
        raise InvalidError(f'"{name[:20]}" is no format of an export: use jsonl or csv.')
    return name


async def pieces(database: Database, wanted: AuditFilter, form: str) -> AsyncIterator[bytes]:
    """What is there when its turn comes."""
    write: Callable[[list[AuditDetails]], bytes] = _lines if form == "jsonl" else _rows
    if form == "csv":
        yield write_rows([_COLUMNS]).encode()
    last = 0
    while events := await database.read(_after(wanted, last)):
        yield write(events)
        last = events[-1].id


def _after(wanted: AuditFilter, last: int) -> Callable[[Session], list[AuditDetails]]:
    return lambda session: details_after(session, wanted, last)


def _lines(events: list[AuditDetails]) -> bytes:
    return b"".join(msgspec.json.encode(event) + b"\n" for event in events)


def _rows(events: list[AuditDetails]) -> bytes:
    rows = [[_cell(getattr(event, name)) for name in _COLUMNS] for event in events]
    # The mark of the encoding stands once, before the heads.
    return write_rows(rows).removeprefix("\ufeff").encode("utf-8", "replace")


def _cell(value: Any) -> str:
    return "" if value is None else str(value)
