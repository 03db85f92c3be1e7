"""What the product's modules find in place of `os`, `shutil` and paths, and how it gets there.

Which disk a path is on, which pid is mine: that follows from the simulated process that asks.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import pathlib
import random
import shutil
import sys
import threading
import time
from collections import namedtuple
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest import mock

from tests.faults.sim.disk import Disk, Node
from tests.faults.sim.kernel import Killed, Process, Strand, VirtualLoop, me
from tests.faults.sim.threads import WALL, SimThreading, SimTime

_Stat = namedtuple("_Stat", "st_dev st_ino st_size st_mode st_mtime st_nlink")
_Usage = namedtuple("_Usage", "total used free")
_GIB = 1 << 30
_HARMLESS = frozenset({"access", "fspath", "fsencode", "fsdecode"})


class Pipe:
    """A pipe's reading end."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.closed = False
        self.reader: Strand | None = None

    def write(self, data: bytes) -> None:
        self.data += data
        self._news()

    def close(self) -> None:
        self.closed = True
        self._news()

    def _news(self) -> None:
        if self.reader is not None:
            self.reader.wake_soon()

    def read(self, size: int) -> bytes:
        strand = Strand.current
        assert strand is not None, "only strands may wait for a pipe"
        while not self.data and not self.closed:
            self.reader = strand
            strand.pause(None)
        self.reader = None
        data = bytes(self.data[:size])
        del self.data[:size]
        return data


class _Open:
    __slots__ = ("append", "disk", "node", "position")

    def __init__(self, disk: Disk, node: Node, append: bool) -> None:
        self.disk, self.node, self.append, self.position = disk, node, append, 0


class Files:
    """Open files of all processes, and the disk of each."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.disks: dict[Process, Disk] = {}
        self.open: dict[int, _Open | Pipe] = {}
        self._next = 1000
        self.between: Callable[[Process], None] = lambda _process: None
        """Called before each operation of a process: others may go on in between."""

    def mine(self) -> Disk:
        process = me()
        process.step()
        self.between(process)
        if not process.alive:
            raise Killed
        return self.disks[process]

    def add(self, opened: _Open | Pipe) -> int:
        self._next += 1
        self.open[self._next] = opened
        return self._next

    def at(self, fd: int) -> _Open:
        found = self.open.get(fd)
        if not isinstance(found, _Open):
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return found


class SimOs:
    """`os`, for the functions that touch the disk or say who is asking."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self.path = SimOsPath(self)

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        assert not callable(real) or name in _HARMLESS, f"os.{name} is not simulated"
        return real

    def getpid(self) -> int:
        return me().pid

    def urandom(self, size: int) -> bytes:
        return self._files.chance.randbytes(size)

    def chdir(self, _path: str) -> None:
        """Paths are absolute here."""

    def open(self, path: Any, flags: int, _mode: int = 0o777) -> int:
        disk, path = self._files.mine(), str(path)
        exclusive = bool(flags & os.O_EXCL)
        node = disk.create(path, exclusive=exclusive) if flags & os.O_CREAT else disk.get(path)
        if flags & os.O_TRUNC:
            disk.truncate(node, 0)
        return self._files.add(_Open(disk, node, bool(flags & os.O_APPEND)))

    def close(self, fd: int) -> None:
        self._files.open.pop(fd, None)

    def read(self, fd: int, size: int) -> bytes:
        found = self._files.open.get(fd)
        if isinstance(found, Pipe):
            return found.read(size)
        self._files.mine()
        opened = self._files.at(fd)
        data = bytes(opened.node.data[opened.position : opened.position + size])
        opened.position += len(data)
        return data

    def pread(self, fd: int, size: int, offset: int) -> bytes:
        self._files.mine()
        return bytes(self._files.at(fd).node.data[offset : offset + size])

    def write(self, fd: int, data: bytes | memoryview) -> int:
        self._files.mine()
        opened = self._files.at(fd)
        start = len(opened.node.data) if opened.append else opened.position
        written = opened.disk.write(opened.node, start, bytes(data))
        opened.position = start + written
        return written

    def writev(self, fd: int, pieces: list[bytes]) -> int:
        return self.write(fd, b"".join(pieces))

    def pwrite(self, fd: int, data: bytes | memoryview, offset: int) -> int:
        self._files.mine()
        opened = self._files.at(fd)
        return opened.disk.write(opened.node, offset, bytes(data))

    def lseek(self, fd: int, offset: int, whence: int) -> int:
        opened = self._files.at(fd)
        base = {os.SEEK_SET: 0, os.SEEK_CUR: opened.position, os.SEEK_END: len(opened.node.data)}[whence]
        opened.position = base + offset
        return opened.position

    def fsync(self, fd: int) -> None:
        self._files.mine()
        opened = self._files.at(fd)
        opened.disk.sync(opened.node)

    fdatasync = fsync

    def ftruncate(self, fd: int, size: int) -> None:
        self._files.mine()
        opened = self._files.at(fd)
        opened.disk.truncate(opened.node, size)

    def posix_fallocate(self, fd: int, offset: int, size: int) -> None:
        self._files.mine()
        opened = self._files.at(fd)
        missing = offset + size - len(opened.node.data)
        if missing > 0:
            opened.disk.write(opened.node, len(opened.node.data), bytes(missing))

    def fstat(self, fd: int) -> _Stat:
        opened = self._files.at(fd)
        return _stat(opened.disk, opened.node)

    def stat(self, path: Any) -> _Stat:
        disk = self._files.mine()
        return _stat(disk, disk.get(str(path)))

    def unlink(self, path: Any) -> None:
        self._files.mine().remove(str(path))

    remove = unlink

    def rename(self, source: Any, target: Any) -> None:
        self._files.mine().rename(str(source), str(target))

    replace = rename

    def link(self, source: Any, target: Any) -> None:
        self._files.mine().link(str(source), str(target))

    def mkdir(self, path: Any, _mode: int = 0o777) -> None:
        self._files.mine().make_folder(str(path))

    def makedirs(self, path: Any, _mode: int = 0o777, exist_ok: bool = False) -> None:
        SimPath(str(path)).mkdir(parents=True, exist_ok=exist_ok)

    def rmdir(self, path: Any) -> None:
        self._files.mine().remove_folder(str(path))

    def listdir(self, path: Any) -> list[str]:
        return list(self._files.mine().get(str(path)).entries)

    def statvfs(self, _path: Any) -> SimpleNamespace:
        free = 0 if self._files.mine().full else 50 * _GIB
        return SimpleNamespace(f_frsize=1, f_bsize=1, f_blocks=100 * _GIB, f_bavail=free, f_bfree=free)

    def exists(self, path: Any) -> bool:
        return self._files.mine().find(str(path)) is not None


class SimOsPath:
    def __init__(self, sim: SimOs) -> None:
        self._os = sim

    def __getattr__(self, name: str) -> Any:
        return getattr(os.path, name)

    def exists(self, path: Any) -> bool:
        return self._os.exists(path)

    def isdir(self, path: Any) -> bool:
        node = self._os._files.mine().find(str(path))
        return node is not None and node.folder

    def isfile(self, path: Any) -> bool:
        node = self._os._files.mine().find(str(path))
        return node is not None and not node.folder

    def getsize(self, path: Any) -> int:
        return int(self._os.stat(path).st_size)


def _stat(disk: Disk, node: Node) -> _Stat:
    return _Stat(disk.device, node.ino, len(node.data), 0o40700 if node.folder else 0o100600, WALL, 1)


class SimFile(io.RawIOBase):
    """What `open` gives for a path."""

    def __init__(self, sim: SimOs, fd: int) -> None:
        super().__init__()
        self._os, self._fd = sim, fd

    def fileno(self) -> int:
        return self._fd

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        return self._os.read(self._fd, 1 << 40 if size is None or size < 0 else size)

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def write(self, data: Any) -> int:
        view = memoryview(data)
        while view:
            view = view[self._os.write(self._fd, view) :]
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._os.lseek(self._fd, offset, whence)

    def tell(self) -> int:
        return self._os.lseek(self._fd, 0, os.SEEK_CUR)

    def truncate(self, size: int | None = None) -> int:
        size = self.tell() if size is None else size
        self._os.ftruncate(self._fd, size)
        return size

    def close(self) -> None:
        if not self.closed:
            self._os.close(self._fd)
            super().close()


class SimPath(pathlib.PurePosixPath):
    """`pathlib.Path` on the disk of whoever asks."""

    os: SimOs

    def exists(self) -> bool:
        return self.os.exists(self)

    def is_dir(self) -> bool:
        return self.os.path.isdir(self)

    def is_file(self) -> bool:
        return self.os.path.isfile(self)

    def absolute(self) -> SimPath:
        return self

    def stat(self) -> Any:
        return self.os.stat(self)

    def mkdir(self, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        try:
            self.os.mkdir(self, mode)
        except FileNotFoundError:
            if not parents:
                raise
            SimPath(self.parent).mkdir(mode, parents=True, exist_ok=True)
            self.mkdir(mode, exist_ok=exist_ok)
        except FileExistsError:
            if not exist_ok:
                raise

    def rmdir(self) -> None:
        self.os.rmdir(self)

    def iterdir(self) -> Iterator[SimPath]:
        return iter([self / name for name in self.os.listdir(self)])

    def glob(self, pattern: str) -> Iterator[SimPath]:
        return (path for path in self.iterdir() if path.match(pattern))

    def unlink(self, missing_ok: bool = False) -> None:
        try:
            self.os.unlink(self)
        except FileNotFoundError:
            if not missing_ok:
                raise

    def rename(self, target: Any) -> SimPath:
        self.os.rename(self, target)
        return SimPath(target)

    replace = rename

    def open(self, mode: str = "r", buffering: int = -1, **_text: Any) -> SimFile:
        assert "b" in mode, "only bytes are read here"
        flags = {"r": os.O_RDONLY, "w": os.O_CREAT | os.O_TRUNC, "a": os.O_CREAT | os.O_APPEND}
        flag = os.O_CREAT | os.O_EXCL if "x" in mode else flags[mode[0]]
        return SimFile(self.os, self.os.open(self, flag | os.O_RDWR))

    def read_bytes(self) -> bytes:
        with self.open("rb") as file:
            return file.read()

    def read_text(self, encoding: str | None = None, errors: str | None = None) -> str:
        return self.read_bytes().decode(encoding or "utf-8", errors or "strict")

    def write_bytes(self, data: bytes) -> int:
        with self.open("wb") as file:
            return file.write(data)


def _open(path: Any, mode: str = "r", **named: Any) -> SimFile:
    return SimPath(str(path)).open(mode, **named)


class SimShutil:
    def __init__(self, sim: SimOs) -> None:
        self._os = sim

    def __getattr__(self, name: str) -> Any:
        return getattr(shutil, name)

    def rmtree(self, path: Any, ignore_errors: bool = False) -> None:
        """File by file, as it really goes: an end may come in the middle."""
        try:
            for name in self._os.listdir(path):
                inner = f"{path}/{name}"
                if self._os.path.isdir(inner):
                    self.rmtree(inner, ignore_errors)
                else:
                    self._os.unlink(inner)
            self._os.rmdir(path)
        except OSError:
            if not ignore_errors:
                raise

    def disk_usage(self, path: Any) -> _Usage:
        free = self._os.statvfs(path).f_bavail
        return _Usage(100 * _GIB, 100 * _GIB - free, free)


@contextlib.contextmanager
def in_place(
    files: Files, loop: VirtualLoop, packages: tuple[str, ...], untouched: tuple[str, ...]
) -> Iterator[None]:
    """While this lasts, the modules of these packages that touch disk, time or threads touch ours."""
    sim = SimOs(files)
    SimPath.os = sim
    stand_ins: dict[int, Any] = {
        id(os): sim,
        id(shutil): SimShutil(sim),
        id(time): SimTime(loop),
        id(threading): SimThreading(),
        id(pathlib.Path): SimPath,
    }
    with contextlib.ExitStack() as stack:
        for name, module in list(sys.modules.items()):
            if (
                isinstance(module, ModuleType)
                and name.startswith(packages)
                and not name.startswith(untouched)
            ):
                stack.enter_context(mock.patch.object(module, "open", _open, create=True))
                for attribute, value in list(vars(module).items()):
                    stand_in = stand_ins.get(id(value))
                    if stand_in is not None:
                        stack.enter_context(mock.patch.object(module, attribute, stand_in))
        yield
