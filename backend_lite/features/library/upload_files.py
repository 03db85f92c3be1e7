"""The bytes of an upload on the disk: what is on its way in, and its SHA-256 so far."""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path

_BLOCK = 1 << 20


class Incoming:
    """One file. What lies behind `received` bytes is not trusted: it is cut off by whoever goes on."""

    def __init__(self, path: Path) -> None:
        self.lock = asyncio.Lock()
        self.path = path
        self.received = 0
        self._digest: hashlib._Hash | None = hashlib.sha256()

    def open(self, received: int) -> int:
        """A descriptor that appends behind what is known to be there. Blocks; raises OSError."""
        if received != self.received:
            # After a restart, say: what is there is read again at the end.
            self.received, self._digest = received, hashlib.sha256() if received == 0 else None
        flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0)
        descriptor = os.open(self.path, flags, 0o600)
        try:
            os.ftruncate(descriptor, received)
            os.lseek(descriptor, received, os.SEEK_SET)
        except OSError:
            os.close(descriptor)
            raise
        return descriptor

    def write(self, descriptor: int, data: bytes) -> None:
        """All of it, or OSError. Blocks."""
        left = memoryview(data)
        while left:
            left = left[os.write(descriptor, left) :]
        self.received += len(data)
        if self._digest is not None:
            self._digest.update(data)

    def sha256(self) -> str:
        """Of everything that is there. Blocks; raises OSError."""
        if self._digest is None:
            digest = hashlib.sha256()
            with self.path.open("rb") as file:
                while block := file.read(_BLOCK):
                    digest.update(block)
            self._digest = digest
        return self._digest.hexdigest()
