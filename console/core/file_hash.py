"""The SHA-256 of a file on this machine, read beside the window."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path

from console.core.errors import Mendable
from console.core.texts import tr

BLOCK = 4 << 20


async def sha256_of(path: Path, report: Callable[[int], None]) -> str:
    """64 hex digits; `report` is told how many bytes are read. Raises Mendable where it cannot be read."""
    digest = hashlib.sha256()
    try:
        file = await asyncio.to_thread(path.open, "rb")
        try:
            while block := await asyncio.to_thread(file.read, BLOCK):
                await asyncio.to_thread(digest.update, block)
                report(len(block))
        finally:
            await asyncio.to_thread(file.close)
    except OSError as error:
        raise unreadable(path, error) from error
    return digest.hexdigest()


def unreadable(path: Path, error: OSError) -> Mendable:
    return Mendable(
        tr("{path} cannot be read: {why}. Choose it again.", path=path, why=error.strerror or error)
    )
