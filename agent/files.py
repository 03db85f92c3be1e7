"""Files that are either whole or not there, also after a power cut.

Imported by the runner, so it stays without pathlib: the warm spare would carry its memory all day.
"""

from __future__ import annotations

import os
import sys

BINARY = getattr(os, "O_BINARY", 0)


def sync_folder(path: str) -> None:
    """Make renames and new names in a folder durable. Windows has no such call and needs none."""
    if sys.platform == "win32":
        return
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_new(path: str, data: bytes, *, durable: bool = True) -> None:
    """A new private file with this content. FileExistsError when there is one already."""
    fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | BINARY, 0o600)
    try:
        write_all(fd, data)
        if durable:
            os.fsync(fd)
    finally:
        os.close(fd)


def replace_durably(path: str, data: bytes) -> None:
    """Put a private file in place at once: after a crash it holds the old content or the new, never half."""
    draft = f"{path}.{os.getpid()}.new"
    remove_file(draft)
    try:
        write_new(draft, data)
        os.replace(draft, path)
    except OSError:
        remove_file(draft)
        raise
    sync_folder(os.path.dirname(path))


def write_all(fd: int, data: bytes | memoryview) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def write_both(fd: int, head: bytes, data: bytes) -> None:
    """Two parts one after the other, where the system can without putting them together first."""
    if sys.platform == "win32":
        write_all(fd, head + data)
        return
    written = os.writev(fd, (head, data))
    if written < len(head) + len(data):
        write_all(fd, memoryview(head + data)[written:])


def read_file(path: str) -> bytes | None:
    """The content, or None when there is no such file."""
    try:
        fd = os.open(path, os.O_RDONLY | BINARY)
    except FileNotFoundError:
        return None
    try:
        pieces = []
        while piece := os.read(fd, 1 << 20):
            pieces.append(piece)
        return b"".join(pieces)
    finally:
        os.close(fd)


def remove_file(path: str) -> None:
    """Remove a file that may be gone already."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
