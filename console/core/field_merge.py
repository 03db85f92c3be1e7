"""How two people's changes of one thing become one, field by field."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import msgspec

from console.core.differences import THEIRS, Difference
from console.core.texts import tr
from console.core.work import Find

E = TypeVar("E", bound=msgspec.Struct)


@dataclass(frozen=True)
class Part(Generic[E]):
    """Fields that only have a meaning together; `words` says in a few what they hold."""

    title: str
    fields: tuple[str, ...]
    words: Callable[[E], str]

    @property
    def key(self) -> str:
        return self.fields[0]

    def value(self, whole: E) -> tuple[object, ...]:
        return tuple(getattr(whole, name) for name in self.fields)


def line(name: str, title: str) -> Part[E]:
    """A field that is shown as it is."""
    return Part(title, (name,), lambda whole: str(getattr(whole, name)))


@dataclass
class FieldMerge(Generic[E]):
    """`base` is what both began with. `choices` says by a part's key whose is taken; without one mine."""

    parts: tuple[Part[E], ...]
    base: E
    mine: E
    theirs: E
    choices: dict[str | int, str] = field(default_factory=dict)

    def differences(self, _find: Find) -> list[Difference]:
        found = [
            Difference(part.key, part.title, self._did(part, self.mine), self._did(part, self.theirs))
            for part in self.parts
        ]
        return [one for one in found if one.mine or one.theirs]

    def result(self) -> E:
        """Mine where only I changed something, theirs where only they did, and the choices elsewhere."""
        taken = {name: getattr(self._whose(part), name) for part in self.parts for name in part.fields}
        return msgspec.structs.replace(self.mine, **taken)

    def _whose(self, part: Part[E]) -> E:
        base, mine, theirs = (part.value(whole) for whole in (self.base, self.mine, self.theirs))
        if mine == base:
            return self.theirs
        return self.theirs if theirs != base and self.choices.get(part.key) == THEIRS else self.mine

    def _did(self, part: Part[E], whole: E) -> tuple[str, ...]:
        if part.value(whole) == part.value(self.base):
            return ()
        return (part.words(whole) or tr("nothing"),)
