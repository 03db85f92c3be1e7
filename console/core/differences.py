"""What two people changed of the same thing, as a person decides about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeVar

from console.core.work import Find

T_co = TypeVar("T_co", covariant=True)
MINE, THEIRS = "mine", "theirs"


@dataclass(frozen=True)
class Difference:
    """Something that both changed, or one of them. `key` names it, by a field or an id; `mine` and `theirs`
    say what each of them did, empty for nothing; only with both of them a person has to choose."""

    key: str | int
    title: str
    mine: tuple[str, ...] = ()
    theirs: tuple[str, ...] = ()

    @property
    def is_conflict(self) -> bool:
        return bool(self.mine) and bool(self.theirs) and self.mine != self.theirs


class Merging(Protocol[T_co]):
    """Two states of the same thing, and whose is taken: `choices` by the keys of the differences."""

    @property
    def mine(self) -> T_co: ...
    @property
    def theirs(self) -> T_co: ...
    @property
    def choices(self) -> dict[str | int, str]: ...
    def differences(self, find: Find, /) -> list[Difference]: ...
    def result(self) -> T_co: ...
