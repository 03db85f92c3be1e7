"""Output as a file: the very bytes that the script wrote."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from console.core import formatting
from console.core.errors import Mendable
from console.core.output_feed import OutputSource
from console.core.output_lines import Gaps, Line, LineAssembler
from console.core.texts import tr

CHUNK = 1 << 20

Report = Callable[[float | None, str], None]


class NotSaved(Mendable):
    """The file cannot be written."""


async def write_output(
    source: OutputSource, stream: int | None, path: Path, report: Report, total: int = 0
) -> int:
    """The file appears when it is complete; `total` bytes are expected. Raises NotSaved, ConsoleError."""
    partial = path.with_name(path.name + ".part")
    written = 0
    try:
        with await asyncio.to_thread(partial.open, "wb") as file:
            async for data in _chunks(source, stream):
                await asyncio.to_thread(_write, file, data)
                written += len(data)
                done = min(1.0, written / total) if total else None
                report(done, formatting.size_of(written, max(written, total)))
        await asyncio.to_thread(partial.replace, path)
    except OSError as error:
        raise NotSaved(
            tr("{path} could not be written: {why}.", path=path, why=error.strerror or error)
        ) from error
    finally:
        with suppress(OSError):
            partial.unlink()
    return written


async def output_text(source: OutputSource, encodings: tuple[str, str], gaps: Gaps) -> str:
    """Both streams in the order of arrival, as they are shown. Raises ConsoleError."""
    assembler, start = LineAssembler(encodings, gaps), 0
    while True:
        answer = await source.index(start)
        for piece in answer.pieces:
            offset = piece.offset
            async for data in _range(source, piece.stream, piece.offset, piece.length):
                await asyncio.to_thread(assembler.feed, 0, piece.stream, offset, 0, data)
                offset += len(data)
        start += len(answer.pieces)
        if not answer.pieces or start >= answer.total:
            break
    assembler.end()
    return _joined(assembler.take().lines)


def _joined(lines: list[Line]) -> str:
    parts: list[str] = []
    for line, after in zip(lines, [*lines[1:], None], strict=True):
        goes_on = line.cut and after is not None and after.stream == line.stream and not after.gap
        parts.append(line.text if goes_on else line.text + "\n")
    return "".join(parts)


def _write(file: BinaryIO, data: bytes) -> None:
    file.write(data)


async def _chunks(source: OutputSource, stream: int | None) -> AsyncIterator[bytes]:
    if stream is not None:
        async for data in _range(source, stream, 0, None):
            yield data
        return
    start = 0
    while True:
        answer = await source.index(start)
        for piece in answer.pieces:
            async for data in _range(source, piece.stream, piece.offset, piece.length):
                yield data
        start += len(answer.pieces)
        if not answer.pieces or start >= answer.total:
            return


async def _range(source: OutputSource, stream: int, offset: int, length: int | None) -> AsyncIterator[bytes]:
    """`length` bytes, or all there are."""
    end = None if length is None else offset + length
    while end is None or offset < end:
        data = await source.read(stream, offset, CHUNK if end is None else min(CHUNK, end - offset))
        if not data:
            return
        offset += len(data)
        yield data
