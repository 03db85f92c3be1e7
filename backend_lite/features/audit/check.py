"""Whether the audit is as it was written: every event, every sealed segment, and the newest end."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from backend_lite.contract.audit import AuditVerdict
from backend_lite.core.audit.chain import BEGINNING, first_broken
from backend_lite.core.audit.segments import broken_in
from backend_lite.core.db.audit_rows import events_after, newest_event, segments
from backend_lite.core.db.database import Database

SLICE = 1_000
"""So many events are read at once: others read between two slices."""
_LOWEST = -(1 << 63)
_CHANGED = "This event was changed after it was written."
_ADDED = "This event was added."


class Check:
    """Reads all of it, a slice with each `go_on`: a changed, missing, added or moved event is found at its
    place. `folder` is where sealed segments lie."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._segments: list[dict[str, Any]] | None = None
        self._previous, self._expected = BEGINNING, 1
        self._read_to = _LOWEST
        self._slice = SLICE
        self._events = 0

    def go_on(self, session: Session) -> AuditVerdict | None:
        """None until the verdict is certain."""
        if self._segments is None:
            self._segments = segments(session)
            return self._pass_segments(self._segments)
        events = self._next(session)
        if events is None:
            return self._verdict(self._expected, _CHANGED)
        for event in events:
            if (problem := self._problem(event)) is not None:
                return self._verdict(min(event["id"], self._expected), problem)
            self._previous, self._expected = event["hash"], event["id"] + 1
            self._read_to = event["id"]
            self._events += 1
        return None if len(events) == self._slice else self._at_end(session)

    def _next(self, session: Session) -> list[dict[str, Any]] | None:
        """None where the next event cannot be read: a byte of it may make it none."""
        try:
            return events_after(session, self._read_to, self._slice)
        except (ValueError, DBAPIError):
            if self._slice == 1:
                return None
        # One of this slice is it.
        self._slice = 1
        return self._next(session)

    def _pass_segments(self, found: list[dict[str, Any]]) -> AuditVerdict | None:
        for segment in found:
            if segment["first_id"] != self._expected:
                return self._verdict(self._expected, "A sealed segment is missing here.")
            if (broken := broken_in(self._folder, segment, self._previous)) is not None:
                return self._verdict(*broken)
            self._previous, self._expected = segment["last_hash"], segment["last_id"] + 1
        return None

    def _problem(self, event: Mapping[str, Any]) -> str | None:
        if event["id"] != self._expected:
            return "Events are missing here." if event["id"] > self._expected else _ADDED
        if first_broken(self._previous, [event])[0] is not None:
            return _CHANGED
        return None

    def _at_end(self, session: Session) -> AuditVerdict:
        newest = newest_event(session.connection()) or (0, BEGINNING)
        if newest[0] < self._expected - 1:
            return self._verdict(newest[0] + 1, _ADDED)
        if newest != (self._expected - 1, self._previous):
            return self._verdict(self._expected, "The newest events are missing.")
        return self._verdict(None, "")

    def _verdict(self, broken_at: int | None, problem: str) -> AuditVerdict:
        return AuditVerdict(self._events, len(self._segments or ()), broken_at, problem)


def verify(session: Session, folder: Path) -> AuditVerdict:
    """All of it on one snapshot."""
    check = Check(folder)
    while (verdict := check.go_on(session)) is None:
        pass
    return verdict


async def verify_in_slices(database: Database, folder: Path) -> AuditVerdict:
    """All of it, while others read and write. Nothing is to be sealed meanwhile."""
    check = Check(folder)
    while (verdict := await database.read(check.go_on)) is None:
        pass
    return verdict
