"""Output of attempts: received in memory, in files when it lasts or grows, in the database when small.

Pieces arrive in order per stream. What is only in memory is still in the agent's spool: an agent frees it
no sooner than the outcome is committed, and sends again from the marks that it gets. So nothing is lost
by a kill, and a short script costs no file at all.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import struct
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, NamedTuple

from agent.wire.codec import WireError
from agent.wire.messages import STREAMS, OutputFrame

SMALL = 64 << 10
MOST = 128 << 20
"""Bytes of both streams together, and bytes of the list of pieces: an agent keeps 50 MiB of the beginning and
as much of the end. Whoever sends more than that fills the disk of the service on purpose."""
_PIECE = struct.Struct(">BQIQ")
PIECE_SIZE = _PIECE.size
_PIECES = "pieces"


class SmallOutput(NamedTuple):
    """The whole output of an attempt, ready for the database."""

    stdout: bytes
    stderr: bytes
    pieces: bytes


class KeptOutput(NamedTuple):
    """What the service has of an attempt: bytes of stdout and stderr, and their SHA-256."""

    sizes: tuple[int, int]
    hashes: tuple[str, str]


class OutputFiles:
    """Where the files of an attempt lie: `<folder>/<id in thousands>/<id>.<stream>`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, attempt_id: int, name: str) -> Path:
        return self._folder / f"{attempt_id // 1000:06d}" / f"{attempt_id}.{name}"

    def read(self, attempt_id: int, name: str, offset: int, limit: int) -> bytes:
        """Up to `limit` bytes from `offset`; empty where there is nothing."""
        try:
            with self.path(attempt_id, name).open("rb") as file:
                file.seek(offset)
                return file.read(limit)
        except FileNotFoundError:
            return b""

    def size(self, attempt_id: int, name: str) -> int:
        try:
            return self.path(attempt_id, name).stat().st_size
        except FileNotFoundError:
            return 0

    def sync_names(self, attempt_id: int) -> None:
        """Make the names of an attempt's files durable: a file's own fsync promises only its content."""
        if sys.platform != "win32":
            for folder in (self.path(attempt_id, _PIECES).parent, self._folder):
                descriptor = os.open(folder, os.O_RDONLY)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)

    def delete(self, attempt_id: int) -> None:
        for name in (*STREAMS, _PIECES):
            self.path(attempt_id, name).unlink(missing_ok=True)

    def delete_all(self, attempt_ids: Iterable[int]) -> None:
        for attempt_id in attempt_ids:
            self.delete(attempt_id)

    def attempts(self) -> list[list[int]]:
        """The ids of all attempts that have files, those of a folder together."""
        found = []
        for folder in sorted(self._folder.glob("[0-9]*")):
            names = (path.name.partition(".")[0] for path in folder.iterdir())
            found.append(sorted({int(name) for name in names if name.isdigit()}))
        return found


class _Stream:
    """One append-only byte stream: in memory until it is spilled to its file, which a `fresh` one has not."""

    __slots__ = ("_attempt_id", "_file", "_files", "_hash", "_memory", "_name", "size")

    def __init__(self, files: OutputFiles, attempt_id: int, name: str, *, fresh: bool) -> None:
        self._files = files
        self._attempt_id = attempt_id
        self._name = name
        self._memory = bytearray()
        self._file: BinaryIO | None = None
        self.size = 0 if fresh else files.size(attempt_id, name)
        # Of what is in a file.
        self._hash = hashlib.sha256()
        if self.size:
            self._open()
            self._rehash()

    def append(self, data: bytes) -> None:
        """Raises OSError, and has taken nothing then."""
        if self._file is not None:
            self._write(self._file, data, self.size)
        else:
            self._memory += data
        self.size += len(data)

    def take_back(self, count: int) -> None:
        """The last bytes of a stream whose hash nobody asks for."""
        self.size -= count
        if self._file is not None:
            self._file.truncate(self.size)
        else:
            del self._memory[-count:]

    def read(self, offset: int, limit: int) -> bytes:
        if self._file is None:
            return bytes(self._memory[offset : offset + limit])
        return self._files.read(self._attempt_id, self._name, offset, limit)

    def spill(self) -> None:
        """Raises OSError, and everything is still in memory then."""
        if self._file is None and self._memory:
            file = self._open()
            try:
                self._write(file, self._memory, 0)
            except OSError:
                self._file = None
                file.close()
                raise
            self._memory = bytearray()

    def _write(self, file: BinaryIO, data: bytes | bytearray, size: int) -> None:
        """At the end of `file`, which has `size` bytes. A full disk takes a part first, and refuses then."""
        try:
            written = file.write(data)
            while written < len(data):
                written += file.write(data[written:])
        except OSError:
            file.truncate(size)
            raise
        self._hash.update(data)

    def sha256(self) -> str:
        return (hashlib.sha256(self._memory) if self._memory else self._hash).hexdigest()

    def sync(self) -> None:
        if self._file is not None:
            os.fsync(self._file.fileno())

    def restart(self) -> None:
        """Forget everything: what was received does not match what was sent."""
        self._memory, self.size, self._hash = bytearray(), 0, hashlib.sha256()
        if self._file is not None:
            self._file.truncate(0)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _open(self) -> BinaryIO:
        path = self._files.path(self._attempt_id, self._name)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Unbuffered: readers open the file by themselves. O_APPEND: a truncated file goes on at its start.
        self._file = path.open("ab", buffering=0)
        assert self._file is not None
        return self._file

    def _rehash(self) -> None:
        with self._files.path(self._attempt_id, self._name).open("rb") as file:
            while block := file.read(1 << 20):
                self._hash.update(block)


class OpenOutput:
    """The output of one attempt that is not over yet; a `fresh` one has only just been permitted."""

    def __init__(self, files: OutputFiles, attempt_id: int, opened_at: float, *, fresh: bool = False) -> None:
        self.attempt_id = attempt_id
        self.opened_at = opened_at
        self._files = files
        self._streams = [_Stream(files, attempt_id, name, fresh=fresh) for name in STREAMS]
        self._pieces = _Stream(files, attempt_id, _PIECES, fresh=fresh)
        self.spilled = sum(self.sizes) > 0
        if self.spilled:
            self._mend_pieces()

    @property
    def sizes(self) -> tuple[int, int]:
        return self._streams[0].size, self._streams[1].size

    def append(self, frame: OutputFrame) -> bool:
        """Take what is new in `frame`; False when bytes before it are missing. Raises WireError for more than
        MOST, OSError where the disk is full: `sizes` say what was taken all the same."""
        stream = self._streams[frame.stream]
        if frame.offset > stream.size:
            return False
        fresh = frame.data[stream.size - frame.offset :]
        if fresh:
            if max(sum(self.sizes) + len(fresh), self._pieces.size) > MOST:
                raise WireError("more output than there can be of an attempt")
            piece = _PIECE.pack(frame.stream, stream.size, len(fresh), frame.elapsed_ms)
            self._pieces.append(piece)
            try:
                stream.append(fresh)
            except OSError:
                self._pieces.take_back(len(piece))
                raise
            if self.spilled or sum(self.sizes) > SMALL:
                self.spill()
        return True

    def read(self, stream: int, offset: int, limit: int) -> bytes:
        return self._streams[stream].read(offset, limit)

    def read_pieces(self, offset: int, limit: int) -> bytes:
        return self._pieces.read(offset, limit)

    def pieces_size(self) -> int:
        return self._pieces.size

    def spill(self) -> None:
        """Move what is in memory to files."""
        self.spilled = True
        for stream in (*self._streams, self._pieces):
            stream.spill()

    def kept(self) -> KeptOutput:
        hashes = self._streams[0].sha256(), self._streams[1].sha256()
        return KeptOutput(self.sizes, hashes)

    def restart(self) -> None:
        for stream in (*self._streams, self._pieces):
            stream.restart()

    def small(self) -> SmallOutput | None:
        """The whole output if it fits into the database, else None."""
        if sum(self.sizes) > SMALL or self._pieces.size > SMALL:
            return None
        stdout, stderr = self._streams
        return SmallOutput(stdout.read(0, SMALL), stderr.read(0, SMALL), self._pieces.read(0, SMALL))

    def _mend_pieces(self) -> None:
        """After a kill the list of pieces may lag behind the bytes, or end in half a piece."""
        known = unpack_pieces(self._pieces.read(0, self._pieces.size))
        covered = [0, 0]
        for stream, offset, length, _ in known:
            covered[stream] = offset + length
        if self._pieces.size % PIECE_SIZE or any(c > s for c, s in zip(covered, self.sizes, strict=True)):
            known, covered = [], [0, 0]
            self._pieces.restart()
        elapsed = known[-1][3] if known else 0
        for stream, size in enumerate(self.sizes):
            if covered[stream] < size:
                self._pieces.append(_PIECE.pack(stream, covered[stream], size - covered[stream], elapsed))

    async def sync(self) -> None:
        """Make the files durable."""
        self.spill()
        for stream in (*self._streams, self._pieces):
            await asyncio.to_thread(stream.sync)
        await asyncio.to_thread(self._files.sync_names, self.attempt_id)

    def close(self) -> None:
        for stream in (*self._streams, self._pieces):
            stream.close()


def unpack_pieces(raw: bytes) -> list[tuple[int, int, int, int]]:
    """(stream, offset, length, elapsed ms) of each piece."""
    return list(_PIECE.iter_unpack(raw[: len(raw) // PIECE_SIZE * PIECE_SIZE]))
