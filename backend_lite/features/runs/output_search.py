"""Finding text in output, over its raw bytes: each request reads a bounded part and says where to go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from backend_lite.contract.encodings import SAMPLE, UTF_16, decode, guess, marked, visible
from backend_lite.contract.output import OutputMatch, OutputMatches
from backend_lite.features.runs.output_store import OutputStore

ByteReader = Callable[[int, int], bytes]
"""(offset, limit) -> bytes; fewer than `limit` at the end."""

SCANNED = 32 << 20
"""Bytes that one request reads at most."""
_BLOCK = 256 << 10
_SHOWN = 400
_BEFORE = 100


@dataclass(frozen=True, slots=True)
class Wanted:
    """`encoding` None: as the bytes themselves tell."""

    text: str
    match_case: bool = False
    encoding: str | None = None


class OutputSearch:
    """One search at a time: many readers who search must not slow the agents down."""

    def __init__(self, output: OutputStore) -> None:
        self._output = output
        self._turn = asyncio.Lock()

    async def find(
        self, attempt_id: int, stream: int, wanted: Wanted, offset: int, limit: int
    ) -> OutputMatches:
        """The next lines that hold the text, from the line that begins at `offset` on."""
        read = await self._output.reader(attempt_id, stream)
        async with self._turn:
            return await asyncio.to_thread(search, read, stream, wanted, offset, limit)


def search(read: ByteReader, stream: int, wanted: Wanted, offset: int, limit: int) -> OutputMatches:
    encoding = wanted.encoding or _told_by(read(0, SAMPLE))
    wide = encoding == UTF_16
    at = offset - offset % 2 if wide else offset
    stop, line = at + SCANNED, 1 + _line_ends_before(read, at, wide)
    holds = partial(_holds, wanted, encoding)
    matches: list[OutputMatch] = []
    overlap = 8 * len(wanted.text)
    while at < stop:
        raw = read(at, _BLOCK)
        whole = _whole_lines(raw, wide) if len(raw) == _BLOCK else len(raw)
        block = raw[:whole] or raw
        if holds(block):
            for start, end in _lines(block, wide):
                if holds(block[start:end]):
                    text = _excerpt(decode(block[start:end], encoding), wanted)
                    number = line + _line_ends(block[:start], wide)
                    matches.append(OutputMatch(stream, number, at + start, text))
                    if len(matches) == limit:
                        return OutputMatches(matches, _next(read, at + end))
        if len(raw) < _BLOCK:
            return OutputMatches(matches, None)
        line += _line_ends(block, wide)
        # Where a line is longer than a block, what is looked for may lie across its end.
        at += whole or len(raw) - overlap
    return OutputMatches(matches, _next(read, at))


def _told_by(sample: bytes) -> str:
    return marked(sample) or guess(sample)


def _holds(wanted: Wanted, encoding: str, raw: bytes) -> bool:
    text = decode(raw, encoding)
    if wanted.match_case:
        return wanted.text in text
    return wanted.text.casefold() in text.casefold()


def _next(read: ByteReader, offset: int) -> int | None:
    return offset if read(offset, 1) else None


def _whole_lines(raw: bytes, wide: bool) -> int:
    """Bytes up to the last line end; 0 when there is none."""
    if not wide:
        return raw.rfind(b"\n") + 1
    at = raw.rfind(b"\n\0")
    while at > 0 and at % 2:
        at = raw.rfind(b"\n\0", 0, at + 1)
    return at + 2 if at >= 0 else 0


def _lines(block: bytes, wide: bool) -> Iterator[tuple[int, int]]:
    """(start, end) of each line with its end."""
    start = 0
    while start < len(block):
        end = _line_end(block, start, wide)
        yield start, end
        start = end


def _line_end(block: bytes, start: int, wide: bool) -> int:
    if not wide:
        return block.find(b"\n", start) + 1 or len(block)
    at = block.find(b"\n\0", start)
    while at >= 0 and (at - start) % 2:
        at = block.find(b"\n\0", at + 1)
    return at + 2 if at >= 0 else len(block)


def _line_ends_before(read: ByteReader, end: int, wide: bool) -> int:
    step = 4 << 20
    return sum(_line_ends(read(at, min(step, end - at)), wide) for at in range(0, end, step))


def _line_ends(raw: bytes, wide: bool) -> int:
    return decode(raw, UTF_16).count("\n") if wide else raw.count(b"\n")


def _excerpt(text: str, wanted: Wanted) -> str:
    text = text.rstrip("\r\n")
    if len(text) > _SHOWN:
        at = text.find(wanted.text) if wanted.match_case else text.casefold().find(wanted.text.casefold())
        start = max(0, at - _BEFORE)
        text = ("…" if start else "") + text[start : start + _SHOWN] + "…"
    return visible(text)[0]
