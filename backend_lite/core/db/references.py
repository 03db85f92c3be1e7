"""Who uses what: areas above say it, so that nothing is deleted that somebody still needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
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

    def refuse_used(
        self, session: Session, kind: str, object_id: int, name: str, hidden: Collection[str] = ()
    ) -> None:
        """Raises ConflictError (`in_use`) that names who uses the object called `name`; users of the kinds
        that are `hidden` from the caller are neither named nor counted."""
        users = self.of(session, kind, object_id)
        if not users:
            return
        seen = [user for user in users if user.kind not in hidden]
        words = [", ".join(map(str, seen[:_NAMED]))] if seen else []
        if len(seen) > _NAMED:
            words.append(f"{len(seen) - _NAMED} more")
        words += [f"{one}s that you may not see" for one in hidden if any(user.kind == one for user in users)]
        raise ConflictError(
            f'"{name}" is still used by {" and ".join(words)}. Change or delete that first.', code="in_use"
        )
