"""Whether a thing that a request names lies within groups of devices: asked at the door."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from backend_lite.core.db.base import storable
from backend_lite.core.db.database import Database
from backend_lite.core.events.bus import Event
from backend_lite.errors import NotFoundError

Check = Callable[[Session, int, frozenset[int]], bool]
"""(session, id, groups): the device with that id, or that of the run with that id, is in one
of the groups."""
NamedGroups = Callable[[Session, Iterable[int]], Mapping[int, str]]
"""The names of groups by id. Raises NotFoundError, and InvalidError for a group that names no devices itself
but has a query."""


@dataclass(frozen=True, slots=True)
class MembersChanged(Event):
    """The groups name other devices than before."""

    groups: frozenset[int]


class Within:
    """By the name of a path parameter that names one thing, such as `device_id`; areas add to it. The area
    of the groups says what `named_groups` there are."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._checks: dict[str, Check] = {}
        self.named_groups: NamedGroups = _no_groups

    def add(self, parameter: str, check: Check) -> None:
        self._checks[parameter] = check

    async def holds(self, parameter: str, value: int, groups: frozenset[int]) -> bool:
        check = self._checks[parameter]
        may_be = bool(groups) and storable(value)
        return may_be and await self._database.read(lambda session: check(session, value, groups))


def _no_groups(_session: Session, group_ids: Iterable[int]) -> Mapping[int, str]:
    for group_id in group_ids:
        raise NotFoundError(f"There is no group {group_id}.")
    return {}
