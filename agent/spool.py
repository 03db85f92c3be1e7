"""The spool: an attempt's output on disk, written by the runner and read by the agent.

One file holds both streams as they came: pieces of `HEADER` (milliseconds since the start, stream, length)
and raw bytes. One file means one fsync at the end, and the two streams stay one story with times, also for
an agent that starts reading only after a restart.

Imported by the runner, so it stays without pathlib.
"""

from __future__ import annotations

import os
import struct
import threading

from agent.files import BINARY, write_all

try:
    from _sha256 import sha256  # type: ignore[import-not-found]
except ImportError:
    from hashlib import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

HEADER = struct.Struct("<IBxxxI")

_MOST_PIECES = 2_000_000
_SMALL = 1 << 20


class SpoolWriter:
    """Keeps the output of one attempt, never holding the script up. Thread-safe."""

    def __init__(
        self, path: str, keep_bytes: int, elapsed_ms: Callable[[], int], said: Callable[[], None]
    ) -> None:
        """Of both streams together `keep_bytes` are kept; `said` is called after every piece kept."""
        self._path = path
        self._room = keep_bytes
        self._elapsed_ms = elapsed_ms
        self._said = said
        self._lock = threading.Lock()
        self._fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | BINARY, 0o600)
        self._pieces = 0
        self._closed = False
        self.total = [0, 0]
        self.trouble = ""

    def add(self, stream: int, data: bytes) -> None:
        """Keep what fits and count the rest. A full disk ends the keeping, not the script."""
        with self._lock:
            if self._closed:
                return
            self.total[stream] += len(data)
            piece = data[: self._room]
            if not piece:
                return
            try:
                write_all(
                    self._fd, HEADER.pack(min(self._elapsed_ms(), 0xFFFFFFFF), stream, len(piece)) + piece
                )
            except OSError as error:
                self._room = 0
                self.trouble = f"Output could not be kept: {error.strerror}."
                return
            self._pieces += 1
            self._room = 0 if self._pieces == _MOST_PIECES else self._room - len(piece)
        self._said()

    def close(self) -> None:
        """Make everything durable. What comes later is neither kept nor counted."""
        with self._lock:
            self._closed = True
            if self._pieces:
                os.fsync(self._fd)
            os.close(self._fd)


class SpoolReader:
    """Reads pieces one after the other, as far as they are there. The file may still grow."""

    def __init__(self, path: str) -> None:
        self._fd = os.open(path, os.O_RDONLY | BINARY)
        self.reached = [0, 0]
        """How far each stream has been read, in its own bytes."""

    def close(self) -> None:
        os.close(self._fd)

    def pieces(self) -> Iterator[tuple[int, int, int, bytes]]:
        """(milliseconds since the start, stream, offset in the stream, bytes), until the whole pieces end."""
        while len(header := os.read(self._fd, HEADER.size)) == HEADER.size:
            elapsed_ms, stream, size = HEADER.unpack(header)
            data = os.read(self._fd, size)
            if stream > 1 or len(data) < size:
                os.lseek(self._fd, -len(data) - HEADER.size, os.SEEK_CUR)
                return
            offset = self.reached[stream]
            self.reached[stream] += size
            yield elapsed_ms, stream, offset, data
        os.lseek(self._fd, -len(header), os.SEEK_CUR)


def measure(path: str) -> tuple[list[int], list[str]]:
    """Size and SHA-256 (hex) of stdout and stderr, over the whole pieces in a spool."""
    reader = SpoolReader(path)
    try:
        hashes = _hashes(os.stat(path).st_size)
        for _, stream, _, data in reader.pieces():
            hashes[stream].update(data)
        return reader.reached, [digest.hexdigest() for digest in hashes]
    finally:
        reader.close()


def _hashes(size: int) -> list[Any]:
    # OpenSSL hashes far faster, and costs 4 MB and some milliseconds to load: not worth it for a few lines.
    if size > _SMALL:
        import hashlib

        return [hashlib.sha256(), hashlib.sha256()]
    return [sha256(), sha256()]
