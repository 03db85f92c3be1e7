"""Raw output as lines to show: two streams in the order of their arrival, decoded as they come."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field

from backend_lite.contract.streams import STREAMS
from console.core.terminal_text import PLAIN, Run, Sign, Style, TerminalReader

LONGEST_LINE = 2_000
"""Characters; a longer line is shown as several."""

ENCODINGS: dict[str, str] = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16 LE",
    "cp1252": "Windows-1252 (Western)",
    "cp850": "CP850 (DOS, Western)",
    "cp437": "CP437 (DOS, US)",
    "cp1250": "Windows-1250 (Central European)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "cp932": "CP932 (Japanese)",
    "cp936": "CP936 (Chinese)",
}


@dataclass(slots=True)
class Line:
    """`piece` is the number of the output piece in which it begins. A `cut` line has no line end in the
    stream: it goes on in a later one."""

    piece: int
    stream: int
    elapsed_ms: int
    runs: list[Run] = field(default_factory=list)
    cut: bool = False

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
    """Feed pieces in the order of their arrival, then `take` what changed for the reader."""

    def __init__(self, encoding: str = "utf-8") -> None:
        self._encoding = encoding
        self._decoders = [codecs.getincrementaldecoder(encoding)("replace") for _ in STREAMS]
        self._readers = [TerminalReader() for _ in STREAMS]
        self._begun = [False for _ in STREAMS]
        self._marked = [False for _ in STREAMS]
        self._done: list[Line] = []
        self._line: Line | None = None
        self._cursor = 0
        self._length = 0
        self._shown_open = False
        self.replaced = 0

    def feed(self, piece: int, stream: int, offset: int, elapsed_ms: int, data: bytes) -> None:
        """`offset` is where `data` begins in its stream."""
        if not self._begun[stream]:
            self._begun[stream] = True
            self._marked[stream] = offset == 0
            data = self._from_middle(offset, data)
        text = self._decoders[stream].decode(data)
        if text and self._marked[stream]:
            self._marked[stream] = False
            text = text.removeprefix("\ufeff")
        if text:
            self._take_text(piece, stream, elapsed_ms, text)

    def end(self) -> None:
        """Nothing more comes: bytes that wait for the rest of their character are shown as damaged."""
        for stream, decoder in enumerate(self._decoders):
            text = decoder.decode(b"", True)
            if text:
                line = self._line or (self._done[-1] if self._done else None)
                self._take_text(line.piece if line else 0, stream, line.elapsed_ms if line else 0, text)

    def take(self) -> Update:
        lines, self._done = self._done, []
        is_open = self._line is not None
        if self._line is not None:
            line = self._line
            lines.append(Line(line.piece, line.stream, line.elapsed_ms, list(line.runs)))
        replaces = self._shown_open and bool(lines)
        self._shown_open = is_open
        return Update(lines, replaces, is_open)

    def _from_middle(self, offset: int, data: bytes) -> bytes:
        """`data` without the rest of a character whose beginning is not shown."""
        if offset == 0:
            return data
        if self._encoding == "utf-8":
            skipped = 0
            while skipped < min(3, len(data)) and data[skipped] & 0xC0 == 0x80:
                skipped += 1
            return data[skipped:]
        if self._encoding == "utf-16-le" and offset % 2:
            return data[1:]
        return data

    def _take_text(self, piece: int, stream: int, elapsed_ms: int, text: str) -> None:
        self.replaced += text.count("\ufffd")
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
