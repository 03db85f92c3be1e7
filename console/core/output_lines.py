"""Raw output as lines to show: two streams in the order of their arrival, decoded as they come."""

from __future__ import annotations

from dataclasses import dataclass, field

from backend_lite.contract.encodings import DOUBLE_BYTE, UTF_8, UTF_16, Decoder, after_rest, visible
from backend_lite.contract.streams import STREAMS
from console.core import formatting
from console.core.terminal_text import PLAIN, Run, Sign, Style, TerminalReader
from console.core.texts import tr

LONGEST_LINE = 2_000
"""Characters; a longer line is shown as several."""

_GAP_STYLE = Style(faint=True, italic=True)


@dataclass(frozen=True, slots=True)
class Gap:
    """`missing` bytes were left out of a stream behind the first `at` that are kept."""

    at: int
    missing: int


Gaps = tuple[Gap | None, Gap | None]
"""Of stdout and stderr."""
NO_GAPS: Gaps = (None, None)


@dataclass(slots=True)
class Line:
    """`piece` is the number of the output piece in which it begins. A `cut` line has no line end in the
    stream: it goes on in a later one. A `gap` stands for output that was left out."""

    piece: int
    stream: int
    elapsed_ms: int
    runs: list[Run] = field(default_factory=list)
    cut: bool = False
    gap: bool = False

    @property
    def text(self) -> str:
        return "".join(text for text, _style in self.runs)


@dataclass(frozen=True, slots=True)
class Update:
    """Lines to show. With `replaces_last` the first takes the place of the last one shown before; the last
    may still change when it `is_open`."""

    lines: list[Line]
    replaces_last: bool
    is_open: bool


class LineAssembler:
    """Feed pieces in the order of their arrival, then `take` what changed for the reader. `replaced` counts
    the bytes that are no text; they are shown as `\\x9f`."""

    def __init__(self, encodings: tuple[str, str] = (UTF_8, UTF_8), gaps: Gaps = NO_GAPS) -> None:
        self._encodings = encodings
        self._gaps: list[Gap | None] = list(gaps)
        self._decoders = [Decoder(encoding) for encoding in encodings]
        self._readers = [TerminalReader() for _ in STREAMS]
        self._fed: list[tuple[int, int, int] | None] = [None for _ in STREAMS]
        self._marked = [False for _ in STREAMS]
        self._shift = [0 for _ in STREAMS]
        self._done: list[Line] = []
        self._line: Line | None = None
        self._cursor = 0
        self._length = 0
        self._shown_open = False
        self.replaced = 0

    def feed(self, piece: int, stream: int, offset: int, elapsed_ms: int, data: bytes) -> None:
        """`offset` is where `data` begins in its stream."""
        gap = self._gaps[stream]
        if gap is not None and offset < gap.at < offset + len(data):
            self._feed(piece, stream, offset, elapsed_ms, data[: gap.at - offset])
            offset, data = gap.at, data[gap.at - offset :]
        if gap is not None and offset == gap.at:
            self._leave_out(gap, piece, stream, elapsed_ms)
        self._feed(piece, stream, offset, elapsed_ms, data)

    def end(self) -> None:
        """Nothing more comes: bytes that wait for the rest of their character are shown as damaged."""
        for stream, (fed, gap) in enumerate(zip(self._fed, self._gaps, strict=True)):
            if fed is not None:
                piece, elapsed_ms, at = fed
                self._flush(stream)
                if gap is not None and gap.at == at:
                    self._leave_out(gap, piece, stream, elapsed_ms)

    def _feed(self, piece: int, stream: int, offset: int, elapsed_ms: int, data: bytes) -> None:
        if self._fed[stream] is None:
            self._marked[stream] = offset == 0
            data_from = self._from_middle(stream, offset, data)
        else:
            data_from = data
        self._fed[stream] = piece, elapsed_ms, offset + len(data)
        self._show(piece, stream, elapsed_ms, self._decoders[stream].decode(data_from))

    def _show(self, piece: int, stream: int, elapsed_ms: int, text: str) -> None:
        if text and self._marked[stream]:
            self._marked[stream] = False
            text = text.removeprefix("\ufeff")
        text, damaged = visible(text)
        self.replaced += damaged
        if text:
            self._take_text(piece, stream, elapsed_ms, text)

    def _flush(self, stream: int) -> None:
        """What waits for the rest of its character gets none."""
        rest = self._decoders[stream].decode(b"", final=True)
        fed = self._fed[stream]
        if rest and fed is not None:
            self._show(fed[0], stream, fed[1], rest)

    def _leave_out(self, gap: Gap, piece: int, stream: int, elapsed_ms: int) -> None:
        """A line that says so; behind it the text begins anew, within a character perhaps."""
        self._gaps[stream] = None
        self._flush(stream)
        if self._line is not None:
            self._finish(cut=True)
        text = tr("… {size} left out …", size=formatting.size(gap.missing))
        self._done.append(Line(piece, stream, elapsed_ms, [(text, _GAP_STYLE)], gap=True))
        self._decoders[stream], self._readers[stream] = Decoder(self._encodings[stream]), TerminalReader()
        self._fed[stream] = None
        self._shift[stream] = gap.missing

    def take(self) -> Update:
        lines, self._done = self._done, []
        is_open = self._line is not None
        if self._line is not None:
            line = self._line
            lines.append(Line(line.piece, line.stream, line.elapsed_ms, list(line.runs)))
        replaces = self._shown_open and bool(lines)
        self._shown_open = is_open
        return Update(lines, replaces, is_open)

    def _from_middle(self, stream: int, offset: int, data: bytes) -> bytes:
        """`data` without the rest of a character whose beginning is not shown."""
        encoding, written = self._encodings[stream], offset + self._shift[stream]
        if written == 0:
            return data
        if encoding == UTF_8:
            return after_rest(data)
        if encoding == UTF_16:
            return data[written % 2 :]
        if encoding in DOUBLE_BYTE:
            # No second byte is a line end: from there on it is known which bytes are pairs.
            return data[max(0, data.find(b"\n")) :]
        return data

    def _take_text(self, piece: int, stream: int, elapsed_ms: int, text: str) -> None:
        if self._line is not None and self._line.stream != stream:
            self._finish(cut=True)
        for item in self._readers[stream].read(text):
            if self._line is None:
                self._line = Line(piece, stream, elapsed_ms)
                self._cursor = self._length = 0
            if isinstance(item, Sign):
                self._obey(item)
            else:
                self._write(*item)

    def _obey(self, sign: Sign) -> None:
        assert self._line is not None
        if sign is Sign.NEW_LINE:
            self._finish()
        elif sign is Sign.RETURN:
            self._cursor = 0
        elif sign is Sign.BACK:
            self._cursor = max(0, self._cursor - 1)
        else:
            end = self._cursor if sign is Sign.ERASE_REST else 0
            self._line.runs = _part(self._line.runs, 0, end)
            self._length = min(self._length, end)

    def _write(self, text: str, style: Style) -> None:
        while text:
            assert self._line is not None
            room = LONGEST_LINE - self._cursor
            now, text = text[:room], text[room:]
            self._put(now, style)
            if text:
                line = self._line
                self._finish(cut=True)
                self._line = Line(line.piece, line.stream, line.elapsed_ms)
                self._cursor = self._length = 0

    def _put(self, text: str, style: Style) -> None:
        assert self._line is not None
        runs = self._line.runs
        if self._cursor == self._length:
            if runs and runs[-1][1] == style:
                runs[-1] = (runs[-1][0] + text, style)
            else:
                runs.append((text, style))
        else:
            blank = self._cursor - self._length
            end = self._cursor + len(text)
            head, tail = _part(runs, 0, self._cursor), _part(runs, end, self._length)
            gap = [(" " * blank, PLAIN)] if blank > 0 else []
            self._line.runs = _joined([*head, *gap, (text, style), *tail])
        self._cursor += len(text)
        self._length = max(self._length, self._cursor)

    def _finish(self, *, cut: bool = False) -> None:
        assert self._line is not None
        self._line.cut = cut
        self._done.append(self._line)
        self._line = None


def plain_text(line: str) -> str:
    """A line of raw text as it is shown: without what moves a cursor or colours."""
    assembler = LineAssembler()
    assembler.feed(0, 0, 0, 0, line.encode("utf-8", "replace"))
    assembler.end()
    return "".join(shown.text for shown in assembler.take().lines)


def _part(runs: list[Run], start: int, end: int) -> list[Run]:
    """The characters from `start` to `end` with their styles."""
    found: list[Run] = []
    at = 0
    for text, style in runs:
        piece = text[max(start - at, 0) : max(end - at, 0)]
        if piece:
            found.append((piece, style))
        at += len(text)
    return found


def _joined(runs: list[Run]) -> list[Run]:
    joined: list[Run] = []
    for text, style in runs:
        if joined and joined[-1][1] == style:
            joined[-1] = (joined[-1][0] + text, style)
        else:
            joined.append((text, style))
    return joined
