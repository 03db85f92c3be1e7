"""Two changes of one text brought together, line by line, against the text that both began with."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

Lines = tuple[str, ...]


class Side(StrEnum):
    """Who changed something: nobody, one of the two, both alike, or both differently."""

    NOBODY = "nobody"
    MINE = "mine"
    THEIRS = "theirs"
    ALIKE = "alike"
    BOTH = "both"


@dataclass(frozen=True)
class Chunk:
    """Some lines of the three texts that stand for each other, with their line ends."""

    base: Lines
    mine: Lines
    theirs: Lines

    @property
    def side(self) -> Side:
        return side_of(self.base, self.mine, self.theirs)


def side_of(base: object, mine: object, theirs: object) -> Side:
    if mine == theirs:
        return Side.NOBODY if mine == base else Side.ALIKE
    if theirs == base:
        return Side.MINE
    return Side.THEIRS if mine == base else Side.BOTH


def merge(base: str, mine: str, theirs: str) -> list[Chunk]:
    """In order, with everything: each of the three texts is all of its lines of all chunks."""
    a, b, c = (tuple(text.splitlines(keepends=True)) for text in (base, mine, theirs))
    found: list[Chunk] = []
    at = (0, 0, 0)
    for start, length in _kept(a, b, c):
        if start != at:
            found.append(_chunk(a, b, c, at, start))
        at = (start[0] + length, start[1] + length, start[2] + length)
        if length:
            found.append(_chunk(a, b, c, start, at))
    return found


Place = tuple[int, int, int]


def _kept(a: Lines, b: Lines, c: Lines) -> Iterator[tuple[Place, int]]:
    """Where lines of the base are in both others, and how many; at last the end of all three."""
    mine, theirs = _matches(a, b), _matches(a, c)
    m = t = 0
    while m < len(mine) and t < len(theirs):
        (a1, b1, length1), (a2, c2, length2) = mine[m], theirs[t]
        first, end = max(a1, a2), min(a1 + length1, a2 + length2)
        if first < end:
            yield (first, b1 + first - a1, c2 + first - a2), end - first
        if a1 + length1 < a2 + length2:
            m += 1
        else:
            t += 1
    yield (len(a), len(b), len(c)), 0


def _matches(one: Sequence[str], other: Sequence[str]) -> list[difflib.Match]:
    return difflib.SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()


def _chunk(a: Lines, b: Lines, c: Lines, start: Place, end: Place) -> Chunk:
    parts = zip((a, b, c), start, end, strict=True)
    base, mine, theirs = (lines[first:last] for lines, first, last in parts)
    return Chunk(base, mine, theirs)
