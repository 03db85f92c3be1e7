"""A script that two people changed: what differs, and the script that comes of a person's choices."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import msgspec

from console.core import formatting, words
from console.core.merge import Chunk, Lines, Side, merge, side_of
from console.core.texts import tr
from console.features.library.edited import Edited
from console.features.library.parameter_text import described
from console.features.library.script_texts import DETECT, SCRIPT, UNDO, part_word

MOST_PLACES = 100
"""Of one text; with more, it is one text or the other."""


class Take(StrEnum):
    MINE = "mine"
    THEIRS = "theirs"
    BOTH = "both"


@dataclass
class Difference:
    """One thing in which the two scripts differ. `take` begins with whoever changed it; where both did, a
    person chooses. `line` is where it stands in the own text, for lines of one."""

    title: str
    side: Side
    mine: str
    theirs: str
    take: Take
    is_text: bool = False

    @property
    def is_conflict(self) -> bool:
        return self.side is Side.BOTH


@dataclass
class Merging:
    """`differences` may be changed; `result` follows them."""

    base: Edited
    mine: Edited
    theirs: Edited
    differences: list[Difference] = field(default_factory=list)
    _values: dict[str, Difference] = field(default_factory=dict)
    _texts: dict[str, list[tuple[Chunk, Difference | None]]] = field(default_factory=dict)

    @classmethod
    def of(cls, base: Edited, mine: Edited, theirs: Edited) -> Merging:
        made = cls(base, mine, theirs)
        for name, (title, shown) in _values().items():
            made._compare(name, title(), shown)
        for name, part in _TEXTS.items():
            made._compare_text(name, part)
        return made

    @property
    def conflicts(self) -> int:
        return sum(one.is_conflict for one in self.differences)

    def result(self) -> Edited:
        chosen: dict[str, Any] = {
            name: getattr(self.mine if one.take is Take.MINE else self.theirs, name)
            for name, one in self._values.items()
        }
        for name, chunks in self._texts.items():
            chosen[name] = "".join(line for chunk, one in chunks for line in _taken(chunk, one))
        return msgspec.structs.replace(self.mine, **chosen)

    def _compare(self, name: str, title: str, shown: Callable[[Any], str]) -> None:
        base, mine, theirs = (getattr(one, name) for one in (self.base, self.mine, self.theirs))
        if mine == theirs:
            return
        side = side_of(base, mine, theirs)
        self._values[name] = self._add(title, side, shown(mine), shown(theirs), is_text=False)

    def _compare_text(self, name: str, part: str) -> None:
        texts = [getattr(one, name) for one in (self.base, self.mine, self.theirs)]
        chunks = merge(*texts)
        if sum(_differs(chunk) for chunk in chunks) > MOST_PLACES:
            chunks = [Chunk(*((text,) for text in texts))]
        line = 1
        found: list[tuple[Chunk, Difference | None]] = []
        for chunk in chunks:
            one = None
            if _differs(chunk):
                title = tr("{part}, line {n}", part=part_word(part), n=f"{line:,}")
                one = self._add(title, chunk.side, _joined(chunk.mine), _joined(chunk.theirs), is_text=True)
            found.append((chunk, one))
            line += len(chunk.mine)
        self._texts[name] = found

    def _add(self, title: str, side: Side, mine: str, theirs: str, *, is_text: bool) -> Difference:
        take = Take.THEIRS if side is Side.THEIRS else Take.MINE
        one = Difference(title, side, mine, theirs, take, is_text)
        self.differences.append(one)
        return one


def _differs(chunk: Chunk) -> bool:
    return chunk.mine != chunk.theirs


def _joined(lines: Lines) -> str:
    return "".join(lines).rstrip("\n")


def _taken(chunk: Chunk, difference: Difference | None) -> Iterator[str]:
    take = Take.MINE if difference is None else difference.take
    if take is not Take.THEIRS:
        yield from chunk.mine
    if take is Take.BOTH and chunk.mine and not chunk.mine[-1].endswith("\n"):
        yield "\n"
    if take is not Take.MINE:
        yield from chunk.theirs


_TEXTS = {"content": SCRIPT, "detect": DETECT, "undo": UNDO}
Shown = tuple[Callable[[], str], Callable[[Any], str]]


def _values() -> Mapping[str, Shown]:
    """What besides texts a script has: its title, and how it is written for people."""
    return {
        "name": (lambda: tr("Name"), str),
        "language": (lambda: tr("Language"), words.language_word),
        "target_os_type": (lambda: tr("Runs on"), lambda system: words.system_word(system or None)),
        "timeout_s": (lambda: tr("Time limit"), formatting.duration),
        "description": (lambda: tr("Description"), str),
        "folder": (lambda: tr("Folder"), str),
        "tags": (lambda: tr("Tags"), ", ".join),
        "idempotent": (lambda: tr("May be repeated"), lambda may: tr("yes") if may else tr("no")),
        "parameters": (lambda: tr("Parameters"), lambda found: "\n".join(map(described, found))),
    }
