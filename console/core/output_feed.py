"""The output of one step for a reader: a part of it, in the middle of however much there is.

What is shown begins at the end of the output and follows it; the reader can move to earlier parts. Bytes
are fetched by range, and only those that are shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Protocol

from backend_lite.contract.encodings import UTF_8
from backend_lite.contract.output import OutputIndex
from console.core.encodings import AUTOMATIC, Guess
from console.core.errors import ApiError, ServiceGone
from console.core.output_lines import NO_GAPS, Gaps, LineAssembler, Update
from console.core.output_parts import KnownParts

SHOWN_BYTES = 96 << 10
"""How much is loaded at once."""
MOST_BYTES = 2 << 20
"""A reader who follows the end is shown less again when it has grown to this; one who does not is left
where they are."""
GULP_BYTES = 96 << 10
"""Of output that comes in faster than this at a time, a reader who follows is shown the end only: no more
can be laid out within a frame or two."""
RETRY_S = 1.0


class OutputSource(Protocol):
    """Where output comes from. Both raise ConsoleError."""

    async def index(self, start: int) -> OutputIndex:
        """Some pieces from number `start` on, and how many there are in all."""

    async def read(self, stream: int, offset: int, limit: int) -> bytes:
        """Up to `limit` bytes; fewer do not mean that it is the end."""


class OutputSink(Protocol):
    """Who shows it. A part is a piece of a piece, known by its number; lines carry it."""

    def begin(self, anchor: int | None, *, at_top: bool = True) -> None:
        """Other lines follow instead of those shown: put the first line of part `anchor` to the top or to
        the bottom, or go to the end."""

    def take(self, update: Update) -> None: ...

    def place(self, place: Place) -> None: ...

    def fail(self, sentence: str) -> None:
        """The output cannot be had."""

    def first_part(self) -> int | None:
        """The part of the first line there is."""

    def top_part(self) -> int | None:
        """The part of the topmost line that is seen."""

    def is_following(self) -> bool:
        """True while the reader looks at the end."""

    def is_full(self) -> bool:
        """True when for each new line an old one has to go."""


@dataclass(frozen=True)
class Place:
    """Where the shown part is: bytes before and behind it, and in all. `damaged`: not all of the bytes are
    text in `encoding`, which is that of stdout where the two streams differ."""

    before: int
    behind: int
    total: int
    damaged: bool
    encoding: str = UTF_8


class OutputFeed:
    """Runs from `start` to `stop`. `idle` is set while everything that is known is shown."""

    def __init__(
        self,
        source: OutputSource,
        sink: OutputSink,
        *,
        encoding: str = AUTOMATIC,
        gaps: Gaps = NO_GAPS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._source = source
        self._sink = sink
        self._sleep = sleep
        self._encoding = encoding
        self._gaps = gaps
        self._guesses = (Guess(), Guess())
        self._stale = False
        self._wanted = (0, 0)
        self._parts = KnownParts()
        self._assembler = LineAssembler()
        self._low = self._high = 0
        self._data: dict[int, bytes] = {}
        self._sizes = [0, 0]
        self._ended = False
        self._at_end = True
        self._command: Callable[[], Awaitable[None]] | None = self._go_to_end
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.idle = asyncio.Event()

    def start(self) -> None:
        self._wake.set()
        self._task = asyncio.get_running_loop().create_task(self._run(), name="output of a step")

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def grown(self, stdout: int, stderr: int) -> None:
        """There are so many bytes now."""
        self._sizes = [max(self._sizes[0], stdout), max(self._sizes[1], stderr)]
        self._set_off(self._command)

    def finish(self, gaps: Gaps = NO_GAPS) -> None:
        """The step has ended: what is there now is all, and `gaps` is what is not."""
        if not self._ended:
            self._ended = True
            self._stale = gaps != self._gaps
            self._gaps = gaps
            self._set_off(self._command)

    def earlier(self) -> None:
        self._set_off(self._go_earlier)

    def later(self) -> None:
        self._set_off(self._go_later)

    def to_start(self) -> None:
        self._set_off(self._go_to_start)

    def to_end(self) -> None:
        self._set_off(self._go_to_end)

    def go_to(self, stream: int, offset: int) -> None:
        """Shows what stands around a byte, with its line on top."""
        self._wanted = (stream, offset)
        self._set_off(self._go_to_wanted)

    def decode_as(self, encoding: str) -> None:
        """Shows the same part in another encoding."""
        self._encoding = encoding
        if self._command is None:
            self._set_off(self._again)

    def _set_off(self, command: Callable[[], Awaitable[None]] | None) -> None:
        self._command = command
        self.idle.clear()
        self._wake.set()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._work()
            except ServiceGone:
                await self._sleep(RETRY_S)
                self._wake.set()
            except ApiError as refusal:
                self._command = None
                self._sink.fail(refusal.detail)
            if not self._wake.is_set():
                self.idle.set()

    async def _work(self) -> None:
        command = self._command
        if command is not None:
            await command()
            # A newer wish may have come while this one was fulfilled.
            if self._command == command:
                self._command = None
        elif self._at_end:
            await self._catch_up()
        self._tell_place()

    async def _catch_up(self) -> None:
        while await self._learn_forward():
            pass
        new = self._parts.size(self._high, self._parts.end)
        much = self._parts.size(self._low, self._high) + new > MOST_BYTES
        if (much or new > GULP_BYTES) and self._sink.is_following():
            end = self._parts.end
            await self._show_range(self._parts.back(end, GULP_BYTES), end, anchor=None)
            return
        if (much or self._sink.is_full()) and not self._sink.is_following():
            # What is being read must not move away.
            self._at_end = False
            return
        await self._load(self._high, self._parts.end)
        if self._judge(self._high, self._parts.end) or self._stale:
            anchor = None if self._sink.is_following() else self._sink.top_part()
            await self._show_range(self._low, self._parts.end, anchor=anchor)
            return
        self._feed(self._high, self._parts.end)
        self._high = self._parts.end
        self._show_end()

    async def _go_to_end(self) -> None:
        answer = await self._source.index(self._parts.last_piece)
        if answer.total - self._parts.last_piece > len(answer.pieces):
            # Too much to learn all of it: only the last pieces.
            start = max(0, answer.total - max(len(answer.pieces), 1))
            self._forget(start)
            answer = await self._source.index(start)
        self._parts.add_behind(answer)
        while not self._parts.knows_end and await self._learn_forward():
            pass
        end = self._parts.end
        await self._show_range(self._parts.back(end, SHOWN_BYTES), end, anchor=None)

    async def _go_to_start(self) -> None:
        if self._parts.first_piece > 0:
            self._forget(0)
            await self._learn_forward()
        start = self._parts.start
        await self._show_range(start, self._parts.forth(start, SHOWN_BYTES), anchor=start)

    async def _go_earlier(self) -> None:
        first = self._sink.first_part()
        anchor = self._low if first is None else first
        while self._parts.size(self._parts.start, anchor) < SHOWN_BYTES and self._parts.first_piece > 0:
            await self._learn_before()
        low = self._parts.back(anchor, SHOWN_BYTES)
        high = min(self._high, self._parts.forth(anchor, SHOWN_BYTES))
        await self._show_range(low, high, anchor=anchor)

    async def _go_later(self) -> None:
        anchor = self._high
        while self._parts.size(anchor, self._parts.end) < SHOWN_BYTES and await self._learn_forward():
            pass
        low = max(self._low, self._parts.back(anchor, SHOWN_BYTES))
        high = self._parts.forth(anchor, SHOWN_BYTES)
        await self._show_range(low, high, anchor=anchor, at_top=False)

    async def _go_to_wanted(self) -> None:
        stream, offset = self._wanted
        at = self._parts.holding(stream, offset)
        if at is None:
            await self._learn_around(stream, offset)
            at = self._parts.holding(stream, offset)
        if at is None:
            return
        half = SHOWN_BYTES // 2
        while self._parts.size(self._parts.start, at) < half and self._parts.first_piece > 0:
            await self._learn_before()
        while self._parts.size(at, self._parts.end) < half and await self._learn_forward():
            pass
        low = self._parts.back(at, half)
        await self._show_range(low, self._parts.forth(at, half), anchor=at)

    async def _learn_around(self, stream: int, offset: int) -> None:
        """Learns the pieces from a page of the index on that has the one with this byte."""
        answer = await self._source.index(0)
        page = max(len(answer.pieces), 1)
        low, high = 0, (answer.total - 1) // page
        while low < high:
            middle = (low + high + 1) // 2
            pieces = (await self._source.index(middle * page)).pieces
            first = next((piece.offset for piece in pieces if piece.stream == stream), None)
            if first is not None and first <= offset:
                low = middle
            else:
                # A page without a piece of the stream says nothing: from further left all are looked at.
                high = middle - 1
        self._forget(low * page)
        while await self._learn_forward() and self._parts.holding(stream, offset) is None:
            pass

    async def _again(self) -> None:
        anchor = None if self._sink.is_following() else self._sink.top_part()
        await self._show_range(self._low, self._high, anchor=anchor)

    async def _show_range(self, low: int, high: int, *, anchor: int | None, at_top: bool = True) -> None:
        await self._load(low, high)
        self._data = {at: data for at, data in self._data.items() if low <= at < high}
        self._judge(low, high)
        self._stale = False
        self._assembler = LineAssembler(self.encodings(), self._gaps)
        self._low, self._high = low, high
        self._at_end = high == self._parts.end and self._parts.knows_end
        self._feed(low, high)
        self._sink.begin(anchor, at_top=at_top)
        self._show_end(begins_inside=self._parts.bytes_before(low) > 0)

    def _show_end(self, *, begins_inside: bool = False) -> None:
        if self._ended and self._at_end:
            self._assembler.end()
        update = self._assembler.take()
        if begins_inside and len(update.lines) > 1 and not update.lines[0].gap:
            # The rest of a line whose beginning is not here: earlier output shows it whole.
            update = replace(update, lines=update.lines[1:])
        if update.lines:
            self._sink.take(update)

    def _feed(self, low: int, high: int) -> None:
        for at in range(low, high):
            part = self._parts[at]
            self._assembler.feed(at, part.stream, part.offset, part.elapsed_ms, self._data[at])

    def _judge(self, low: int, high: int) -> bool:
        """Guess the encodings anew from these parts; True when they are others now."""
        before = self.encodings()
        for at in range(low, high):
            part = self._parts[at]
            gap = self._gaps[part.stream]
            left_out = gap.missing if gap is not None and part.offset >= gap.at else 0
            self._guesses[part.stream].see(part.offset + left_out, self._data[at])
        return before != self.encodings()

    def encodings(self) -> tuple[str, str]:
        """In use for stdout and stderr."""
        if self._encoding != AUTOMATIC:
            return self._encoding, self._encoding
        stdout, stderr = (guess.encoding for guess in self._guesses)
        return stdout, stderr

    def _forget(self, first_piece: int) -> None:
        """Parts are numbered anew."""
        self._parts = KnownParts(first_piece)
        self._data = {}
        self._low = self._high = 0

    async def _learn_forward(self) -> bool:
        answer = await self._source.index(self._parts.last_piece)
        self._parts.add_behind(answer)
        return bool(answer.pieces)

    async def _learn_before(self) -> None:
        first = self._parts.first_piece
        probe = await self._source.index(0)
        room = max(len(probe.pieces), 1)
        answer = probe if room >= first else await self._source.index(first - room)
        self._parts.add_before(max(0, first - room), answer)

    async def _load(self, low: int, high: int) -> None:
        """Fetches the bytes of these parts that are not here yet, one range a stream."""
        for stream in range(len(self._sizes)):
            wanted = [at for at in range(low, high) if at not in self._data]
            wanted = [at for at in wanted if self._parts[at].stream == stream]
            if not wanted:
                continue
            start, last = self._parts[wanted[0]].offset, self._parts[wanted[-1]]
            raw = await self._read(stream, start, last.offset + last.length)
            for at in wanted:
                part = self._parts[at]
                self._data[at] = raw[part.offset - start : part.offset - start + part.length]

    async def _read(self, stream: int, start: int, end: int) -> bytes:
        raw = bytearray()
        while start + len(raw) < end:
            more = await self._source.read(stream, start + len(raw), end - start - len(raw))
            if not more:
                break
            raw += more
        return bytes(raw)

    def _tell_place(self) -> None:
        total = max(sum(self._sizes), sum(self._parts.end_sizes))
        first = self._sink.first_part()
        low = self._low if first is None else max(first, self._low)
        before = self._parts.bytes_before(low)
        shown = self._parts.size(low, self._high)
        behind = max(0, total - before - shown)
        # While it is coming in, what was announced but not yet fetched is no other place.
        behind = 0 if self._at_end else behind
        encodings = self.encodings()
        encoding = encodings[0] if self._parts.end_sizes[0] else encodings[1]
        self._sink.place(Place(before, behind, total, self._assembler.replaced > 0, encoding))
