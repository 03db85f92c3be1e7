"""Whether a thing that a request names lies within groups of devices: asked at the door."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from backend_lite.core.db.database import Database
from backend_lite.core.events.bus import Event

Check = Callable[[Session, int, frozenset[int]], bool]
"""(session, id, groups): the device with that id, or that of the run with that id, is in one
of the groups."""


@dataclass(frozen=True, slots=True)
class MembersChanged(Event):
    """The groups name other devices than before."""

    groups: frozenset[int]


class Within:
    """By the name of a path parameter that names one thing, such as `device_id`; areas add to it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._checks: dict[str, Check] = {}

    def add(self, parameter: str, check: Check) -> None:
        self._checks[parameter] = check

    async def holds(self, parameter: str, value: int, groups: frozenset[int]) -> bool:
        check = self._checks[parameter]
        return bool(groups) and await self._database.read(lambda session: check(session, value, groups))
