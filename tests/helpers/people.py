"""Who may run work, where there are no users."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection


@dataclass
class People:
    """Everybody may everywhere but those in `within`, who may in these groups."""

    within: dict[int, frozenset[int]] = field(default_factory=dict)
    approvers: frozenset[int] = frozenset({1, 2})

    def reach(
        self, _connection: Connection, user_ids: Iterable[int], _permissions: Collection[str]
    ) -> Mapping[int, frozenset[int] | None]:
        return {user_id: self.within.get(user_id) for user_id in user_ids}

    def holders(self, _connection: Connection, _permission: str) -> Mapping[int, frozenset[int] | None]:
        return {user_id: self.within.get(user_id) for user_id in self.approvers}

    def is_token_good(self, _session: object, _token_id: int) -> bool:
        return True

    def on_token_work(self, _work: object) -> None:
        """Nobody has tokens here."""
