"""The spool: an attempt's output on disk, written by the runner and read by the agent.

One file holds both streams as they came: pieces of `HEADER` and raw bytes. One file means one fsync at the
end, and the two streams stay one story with times, also for an agent that starts reading after a restart.

Once that file, the head, is full, the newest output goes into a ring of small files beside it, the tail (see
`spool_tail`). Offsets count what was kept: the tail follows the head without a hole, and `Kept.gaps_in` says
where something was left out.

Imported by the runner, so it stays without pathlib.
"""

from __future__ import annotations

import os
import struct
import threading

from agent.files import BINARY, write_both

try:
    from _sha256 import sha256  # type: ignore[import-not-found]
except ImportError:
    from hashlib import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

HEADER = struct.Struct("<III")
"""Milliseconds since the start; the stream, and in the upper 24 bits the mark of its file; the length."""

MOST_IN_A_PIECE = 1 << 20
_MOST_PIECES = 2_000_000
_SMALL = 1 << 20
SAID_AGAIN_MS = 10
"""Whoever reads looks again a little later than this (see `agent.outbox`), so that much output is not told of
piece by piece."""


class SpoolWriter:
    """Keeps the output of one attempt, never holding the script up. Thread-safe."""

    def __init__(
        self,
        path: str,
        keep_bytes: int,
        elapsed_ms: Callable[[], int],
        said: Callable[[], None],
        tail_bytes: int = 0,
    ) -> None:
        """Of both streams together the first `keep_bytes` and the last `tail_bytes` are kept; `said` is
        called when something has come into the head that the reader may not find by itself."""
        self._path = path
        self._room = keep_bytes
        self._elapsed_ms = elapsed_ms
        self._said = said
        self._tail_bytes = tail_bytes
        self._tail: Any = None
        self._lock = threading.Lock()
        self._fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | BINARY, 0o600)
        self._size = 0
        self._pieces = 0
        self._closed = False
        self._said_at = -SAID_AGAIN_MS
        self.total = [0, 0]
        self.trouble = ""

    def add(self, stream: int, data: bytes) -> None:
        """Keep what fits and count everything. A full disk costs output, and never holds the script up."""
        with self._lock:
            if self._closed:
                return
            now = min(self._elapsed_ms(), 0xFFFFFFFF)
            kept = self._add_to_head(now, stream, data[: self._room]) if self._room else 0
            if kept < len(data):
                self._add_to_tail(now, stream, data[kept:])
            is_news = kept > 0 and now - self._said_at >= SAID_AGAIN_MS
            if is_news:
                self._said_at = now
        if is_news:
            self._said()

    def _add_to_head(self, now: int, stream: int, piece: bytes) -> int:
        try:
            write_both(self._fd, HEADER.pack(now, stream, len(piece)), piece)
        except OSError as error:
            os.ftruncate(self._fd, self._size)
            self._room = 0
            self._note(error)
            return 0
        self._size += HEADER.size + len(piece)
        self._pieces += 1
        self._room = 0 if self._pieces == _MOST_PIECES else self._room - len(piece)
        self.total[stream] += len(piece)
        return len(piece)

    def _add_to_tail(self, now: int, stream: int, data: bytes) -> None:
        if self._tail is None and self._tail_bytes:
            from agent.spool_tail import TailWriter

            self._tail = TailWriter(self._path, self._tail_bytes)
        try:
            if self._tail is not None:
                self._tail.add(now, stream, data, self.total)
        except OSError as error:
            self._tail.forget()
            self._note(error)
        self.total[stream] += len(data)

    def _note(self, error: OSError) -> None:
        self.trouble = f"Some output could not be kept: {error.strerror}."

    def close(self) -> None:
        """Make everything durable. What comes later is neither kept nor counted."""
        with self._lock:
            self._closed = True
            try:
                if self._pieces:
                    os.fsync(self._fd)
                if self._tail is not None:
                    self._tail.close()
            except OSError as error:
                self._note(error)
            os.close(self._fd)


class SpoolReader:
    """Reads pieces one after the other, as far as they are there. The head may still grow."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._fd = os.open(path, os.O_RDONLY | BINARY)
        self._mark = 0
        self._waiting: list[Any] | None = None
        self.head = [0, 0]
        self.starts: tuple[int, int] | None = None
        """Where the tail began in what the script wrote, once it is reached."""
        self.reached = [0, 0]
        """How far each stream has been read, in bytes of what was kept."""

    def close(self) -> None:
        os.close(self._fd)

    def pieces(self, *, ended: bool = False) -> Iterator[tuple[int, int, int, bytes]]:
        """(milliseconds since the start, stream, offset in the stream, bytes), until the whole pieces end.

        The tail is read only once the runner has `ended`, because until then it changes.
        """
        while True:
            yield from self._of_this_file()
            if not ended or not self._go_on():
                return

    def _of_this_file(self) -> Iterator[tuple[int, int, int, bytes]]:
        while len(header := os.read(self._fd, HEADER.size)) == HEADER.size:
            elapsed_ms, word, size = HEADER.unpack(header)
            stream = word & 0xFF
            ours = word >> 8 == self._mark and stream <= 1 and 0 < size <= MOST_IN_A_PIECE
            data = os.read(self._fd, size) if ours else b""
            if not ours or len(data) < size:
                os.lseek(self._fd, -len(data) - HEADER.size, os.SEEK_CUR)
                return
            offset = self.reached[stream]
            self.reached[stream] += size
            yield elapsed_ms, stream, offset, data
        os.lseek(self._fd, -len(header), os.SEEK_CUR)

    def _go_on(self) -> bool:
        """Turn to the next file of the tail; False when there is none."""
        if self._waiting is None:
            from agent.spool_tail import segments

            self.head = list(self.reached)
            self._waiting = segments(self._path)
            if self._waiting:
                self.starts = self._waiting[0].starts
        if not self._waiting:
            return False
        segment = self._waiting.pop(0)
        os.close(self._fd)
        self._fd, self._mark = segment.open(), segment.mark
        return True


class Kept:
    """What a spool holds, each for stdout and stderr: sizes, SHA-256 in hex, everything that was written as
    far as the spool tells, and how much of what was kept is the head."""

    __slots__ = ("hashes", "heads", "sizes", "totals")

    def __init__(self, sizes: list[int], hashes: list[str], totals: list[int], heads: list[int]) -> None:
        self.sizes = sizes
        self.hashes = hashes
        self.totals = totals
        self.heads = heads

    def gaps_in(self, totals: list[int]) -> list[int]:
        """After how many bytes something of so much output was left out; 0 where nothing was."""
        every = zip(self.heads, self.sizes, totals, strict=True)
        return [head if size < total else 0 for head, size, total in every]


def measure(path: str) -> Kept:
    """Over the whole pieces in a spool whose runner has ended."""
    reader = SpoolReader(path)
    try:
        hashes = _hashes(os.stat(path).st_size)
        for _, stream, _, data in reader.pieces(ended=True):
            hashes[stream].update(data)
        starts = reader.starts or reader.head
        left_out = [start - head for start, head in zip(starts, reader.head, strict=True)]
        return Kept(
            reader.reached,
            [digest.hexdigest() for digest in hashes],
            [size + missing for size, missing in zip(reader.reached, left_out, strict=True)],
            reader.head,
        )
    finally:
        reader.close()


def _hashes(size: int) -> list[Any]:
    # OpenSSL hashes far faster, and costs 4 MB and some milliseconds to load: not worth it for a few lines.
    if size > _SMALL:
        import hashlib

        return [hashlib.sha256(), hashlib.sha256()]
    return [sha256(), sha256()]
