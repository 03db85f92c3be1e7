"""Which pieces of an output are known: a range of them, cut small enough to be shown."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from backend_lite.contract.output import OutputIndex, OutputPiece

PART_BYTES = 16 << 10
"""A piece may be far larger than what a reader wants to see more of."""


class Part(NamedTuple):
    stream: int
    offset: int
    length: int
    elapsed_ms: int


class KnownParts:
    """Parts have numbers that stay: those that become known later before the others get lower ones.

    `first_piece` and `last_piece` bound the known pieces of the service's index: [first, last).
    """

    def __init__(self, first_piece: int = 0) -> None:
        self.first_piece = self.last_piece = first_piece
        self.knows_end = False
        self.start = 0
        self._parts: list[Part] = []
        self._ends: list[int] = []
        self._last = [0, 0]

    def __bool__(self) -> bool:
        return bool(self._parts)

    def __getitem__(self, number: int) -> Part:
        return self._parts[number - self.start]

    @property
    def end(self) -> int:
        """One behind the last known part."""
        return self.start + len(self._parts)

    @property
    def end_sizes(self) -> tuple[int, int]:
        """Bytes of each stream up to the last known part."""
        return self._last[0], self._last[1]

    def add_behind(self, answer: OutputIndex) -> None:
        """An answer to the question for pieces from `last_piece` on."""
        self.last_piece += len(answer.pieces)
        self.knows_end = self.last_piece >= answer.total
        at = self._ends[-1] if self._ends else 0
        for part in _parts(answer.pieces):
            at += part.length
            self._parts.append(part)
            self._ends.append(at)
            self._last[part.stream] = part.offset + part.length

    def add_before(self, first_piece: int, answer: OutputIndex) -> None:
        """An answer to the question for pieces from `first_piece` on, which reaches up to those known."""
        new = list(_parts(answer.pieces[: self.first_piece - first_piece]))
        self.first_piece = first_piece
        self.start -= len(new)
        self._parts = new + self._parts
        self._ends = []
        at = 0
        for part in self._parts:
            at += part.length
            self._ends.append(at)

    def size(self, low: int, high: int) -> int:
        """Bytes of the parts [low, high)."""
        return self._bytes_to(high) - self._bytes_to(low)

    def back(self, number: int, budget: int) -> int:
        """The first of the parts before `number` that together have at most `budget` bytes; one at least."""
        wanted = self._bytes_to(number) - budget
        found = self.start + bisect_left([0, *self._ends], wanted) if wanted > 0 else self.start
        return max(self.start, min(found, number - 1))

    def forth(self, number: int, budget: int) -> int:
        """One behind the last of the parts from `number` on with at most `budget` bytes; one at least."""
        found = self.start + bisect_right(self._ends, self._bytes_to(number) + budget)
        return min(self.end, max(found, number + 1))

    def holding(self, stream: int, offset: int) -> int | None:
        """The part that has this byte, if it is known."""
        for at, part in enumerate(self._parts, self.start):
            if part.stream == stream and part.offset <= offset < part.offset + part.length:
                return at
        return None

    def bytes_before(self, number: int) -> int:
        """Bytes of both streams before part `number`, also those of parts that are not known."""
        before = list(self._last)
        wanted = {stream for stream, size in enumerate(self._last) if size}
        for at in range(max(number - self.start, 0), len(self._parts)):
            part = self._parts[at]
            if part.stream in wanted:
                before[part.stream] = part.offset
                wanted.discard(part.stream)
                if not wanted:
                    break
        return sum(before)

    def _bytes_to(self, number: int) -> int:
        at = min(max(number - self.start, 0), len(self._ends))
        return self._ends[at - 1] if at > 0 else 0


def _parts(pieces: list[OutputPiece]) -> Iterator[Part]:
    for piece in pieces:
        for start in range(0, piece.length, PART_BYTES):
            length = min(PART_BYTES, piece.length - start)
            yield Part(piece.stream, piece.offset + start, length, piece.elapsed_ms)
