"""A large file from the service to a place on this machine: verified, and never seen half."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

from console.core.client import ApiClient
from console.core.errors import Mendable
from console.core.file_hash import sha256_of
from console.core.ops import Progress
from console.core.texts import tr
from console.core.transfer import Meter

_ENOUGH = 1 << 20
"""Bytes are gathered up to here before they are written."""


async def fetch(
    client: ApiClient, address: str, to: Path, size: int, sha256: str, progress: Progress
) -> Path:
    """Writes beside `to` and takes its name at the end; what is there of an earlier try is gone on with.

    Raises Mendable where it cannot be written or the bytes are not those of `sha256`.
    """
    partial = to.with_name(f"{to.name}.part")
    try:
        there = await asyncio.to_thread(_size_of, partial, size)
        meter = Meter(size)
        progress.report(there / size, str(meter.begin(there)))
        if there < size:
            headers = {"Range": f"bytes={there}-"} if there else None
            async with client.stream(address, headers=headers) as pieces:
                await _write(partial, there, pieces, progress, meter)
        progress.report(None, tr("Verifying {name}", name=to.name))
        if await sha256_of(partial, lambda _count: None) != sha256:
            await asyncio.to_thread(partial.unlink)
            raise Mendable(tr("{name} did not arrive as it is kept. Download it again.", name=to.name))
        await asyncio.to_thread(partial.replace, to)
    except OSError as error:
        raise Mendable(tr("{path} could not be written: {why}.", path=to, why=error.strerror)) from error
    return to


async def _write(
    path: Path, there: int, pieces: AsyncIterator[bytes], progress: Progress, meter: Meter
) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
    descriptor = await asyncio.to_thread(os.open, path, flags, 0o600)
    waiting = bytearray()
    try:
        async for piece in pieces:
            waiting += piece
            if len(waiting) >= _ENOUGH:
                there += await asyncio.to_thread(_append, descriptor, waiting)
                stand = meter.at(there)
                progress.report(stand.share, str(stand))
    finally:
        await asyncio.to_thread(_append, descriptor, waiting)
        await asyncio.to_thread(os.close, descriptor)


def _append(descriptor: int, data: bytearray) -> int:
    left = memoryview(bytes(data))
    while left:
        left = left[os.write(descriptor, left) :]
    count = len(data)
    data.clear()
    return count


def _size_of(partial: Path, size: int) -> int:
    """How much of it can be gone on with."""
    try:
        there = partial.stat().st_size
    except FileNotFoundError:
        return 0
    if there > size:
        partial.unlink()
        return 0
    return there
