"""Who may run work, where there are no users."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from sqlalchemy import Connection


@dataclass
class People:
    """Everybody but those in `out`."""

    out: set[int] = field(default_factory=set)

    def barred(
        self, _connection: Connection, user_ids: Iterable[int], _permissions: Collection[str]
    ) -> frozenset[int]:
        return frozenset(user_ids) & self.out
