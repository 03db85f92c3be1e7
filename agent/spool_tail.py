"""The newest output of a script that wrote more than the head of its spool holds: a ring of small files.

Each file (`<spool>.<number>`) begins with where it starts in what the script wrote, and has pieces with the
mark of its number. The oldest file is taken for the newest output and overwritten in place, which costs far
less than new disk space; the mark tells its pieces from those of its former life.

Imported by the runner, so it stays without pathlib.
"""

from __future__ import annotations

import os
import struct

from agent.files import BINARY, remove_file, write_all, write_both
from agent.spool import HEADER, MOST_IN_A_PIECE

_START = struct.Struct("<QQQ")
"""The file's number, and how much of stdout and stderr came before it."""
_FILES = 10
_MOST_PIECES = 200_000


class TailWriter:
    """Keeps the last `keep_bytes` of both streams together, give or take a file. Every OSError costs what is
    in the ring: call `forget` then, so that there never is a second gap."""

    def __init__(self, spool: str, keep_bytes: int) -> None:
        self._spool = spool
        self._most = max(1, keep_bytes // _FILES)
        self._numbers: list[int] = []
        self._next = 0
        self._fd: int | None = None
        self._size = 0
        self._room = 0
        self._pieces = 0

    def add(self, elapsed_ms: int, stream: int, data: bytes, before: list[int]) -> None:
        """`before`: how much of each stream was written before `data`."""
        done = 0
        while done < len(data):
            if not self._room:
                self._turn(before[0] + done * (stream == 0), before[1] + done * (stream == 1))
            piece = data[done : done + min(self._room, MOST_IN_A_PIECE)]
            assert self._fd is not None
            write_both(self._fd, HEADER.pack(elapsed_ms, stream | self._mark << 8, len(piece)), piece)
            self._size += HEADER.size + len(piece)
            self._pieces += 1
            self._room = 0 if self._pieces == _MOST_PIECES else self._room - len(piece)
            done += len(piece)

    def _turn(self, stdout: int, stderr: int) -> None:
        """Begin the next file, in the place of the oldest one when there are enough."""
        self._finish()
        number, self._next = self._next, self._next + 1
        path = f"{self._spool}.{number}"
        if len(self._numbers) == _FILES:
            os.replace(f"{self._spool}.{self._numbers.pop(0)}", path)
        self._fd = os.open(path, os.O_CREAT | os.O_WRONLY | BINARY, 0o600)
        self._numbers.append(number)
        self._mark = _mark(number)
        write_all(self._fd, _START.pack(number, stdout, stderr))
        self._size, self._room, self._pieces = _START.size, self._most, 0

    def _finish(self) -> None:
        if self._fd is not None:
            fd, self._fd = self._fd, None
            try:
                os.ftruncate(fd, self._size)
            finally:
                os.close(fd)

    def forget(self) -> None:
        """Give the ring up, and with it the space it takes; what comes next begins another one."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
        for number in range(self._numbers[0] if self._numbers else self._next, self._next):
            remove_file(f"{self._spool}.{number}")
        self._numbers.clear()
        self._room = 0

    def close(self) -> None:
        """Make everything durable."""
        self._finish()
        for number in self._numbers:
            fd = os.open(f"{self._spool}.{number}", os.O_RDWR | BINARY)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)


class Segment:
    """One file of a tail. `starts`: how much of stdout and stderr came before it."""

    __slots__ = ("mark", "path", "starts")

    def __init__(self, path: str, mark: int, starts: tuple[int, int]) -> None:
        self.path = path
        self.mark = mark
        self.starts = starts

    def open(self) -> int:
        """A descriptor that stands before the first piece."""
        fd = os.open(self.path, os.O_RDONLY | BINARY)
        os.lseek(fd, _START.size, os.SEEK_SET)
        return fd


def segments(spool: str) -> list[Segment]:
    """The files of a tail, oldest first, without one that a crash left half begun."""
    folder, name = os.path.split(spool)
    numbers = (entry[len(name) + 1 :] for entry in os.listdir(folder) if entry.startswith(f"{name}."))
    found = []
    for number in sorted(int(word) for word in numbers if word.isdigit()):
        path = f"{spool}.{number}"
        with open(path, "rb") as file:
            start = file.read(_START.size)
        if len(start) == _START.size and _START.unpack(start)[0] == number:
            _, stdout, stderr = _START.unpack(start)
            found.append(Segment(path, _mark(number), (stdout, stderr)))
    return found


def _mark(number: int) -> int:
    """Never 0, which is the mark of the head."""
    return number % 0xFFFFFF + 1
