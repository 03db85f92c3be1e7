"""Who uses what: areas above say it, so that nothing is deleted that somebody still needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from backend_lite.errors import ConflictError

_NAMED = 10


@dataclass(frozen=True, slots=True)
class Reference:
    """A user of something: `kind` is a word for people, such as `profile` or `template`."""

    kind: str
    id: int
    name: str

    def __str__(self) -> str:
        return f'{self.kind} "{self.name}"'


Finder = Callable[[Session, int], list[Reference]]
"""Who uses the object with that id now."""


class References:
    """Areas register before the service starts; `kind` is one of `contract.live`."""

    def __init__(self) -> None:
        self._finders: dict[str, list[Finder]] = defaultdict(list)

    def register(self, kind: str, finder: Finder) -> None:
        """`finder` knows some of the users of objects of that kind."""
        self._finders[kind].append(finder)

    def of(self, session: Session, kind: str, object_id: int) -> list[Reference]:
        """Everybody who uses the object now."""
        return [user for finder in self._finders[kind] for user in finder(session, object_id)]

    def refuse_used(self, session: Session, kind: str, object_id: int, name: str) -> None:
        """Raises ConflictError (`in_use`) that names who uses the object called `name`."""
        users = self.of(session, kind, object_id)
        if not users:
            return
        named = ", ".join(map(str, users[:_NAMED]))
        more = f" and {len(users) - _NAMED} more" if len(users) > _NAMED else ""
        raise ConflictError(
            f'"{name}" is still used by {named}{more}. Change or delete that first.', code="in_use"
        )
