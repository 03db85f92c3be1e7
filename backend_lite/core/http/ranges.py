"""Files over HTTP: whole or one range of them, read as they are sent."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

from litestar import Response
from litestar.types import Receive, Send

from backend_lite.core.http.description import BYTES

_BLOCK = 256 << 10
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.IGNORECASE)

Header = tuple[bytes, bytes]


class UnsatisfiableError(ValueError):
    """The range begins behind the end of the file."""


@dataclass(frozen=True, slots=True)
class Span:
    """`length` bytes from `start` on."""

    start: int
    length: int


@dataclass(frozen=True, slots=True)
class KeptFile:
    """What is sent: the bytes at `path` have this size and SHA-256; `name` is its label."""

    path: Path
    size: int
    sha256: str
    name: str


def parse_range(header: str | None, size: int) -> Span | None:
    """What is asked for; None is the whole file, also for several ranges and for what is no range at all.

    Raises UnsatisfiableError.
    """
    found = _RANGE.fullmatch(header.strip()) if header else None
    if found is None or found[0].endswith("=-"):
        return None
    first, last = found.groups()
    if not first:
        length = min(int(last), size)
        start, end = size - length, size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return None
    if start >= size or end <= start:
        raise UnsatisfiableError
    return Span(start, end - start)


class FileAnswer(Response[None]):
    """A Litestar answer that sends a file, or the range of it that is asked for."""

    def __init__(self, file: KeptFile) -> None:
        super().__init__(None)
        self._file = file

    def to_asgi_response(self, app: Any, request: Any, **_more: Any) -> Any:
        async def answer(scope: Any, receive: Receive, send: Send) -> None:
            await send_file(scope, receive, send, self._file)

        return answer


async def send_file(scope: Any, receive: Receive, send: Send, file: KeptFile) -> None:
    """Answer a GET or HEAD. Raises OSError before anything is sent where the file cannot be read."""
    headers = dict(scope["headers"])
    try:
        span = parse_range(headers.get(b"range", b"").decode("latin-1"), file.size)
    except UnsatisfiableError:
        about = [(b"content-range", b"bytes */%d" % file.size), (b"content-length", b"0")]
        await _start(send, 416, about)
        await _end(send)
        return
    part = span or Span(0, file.size)
    opened = await asyncio.to_thread(file.path.open, "rb")
    with contextlib.closing(opened):
        await _start(send, 206 if span else 200, _headers(file, part, partial=span is not None))
        if scope["method"] != "HEAD":
            await _send_part(opened, part, receive, send)
        await _end(send)


async def _send_part(opened: BinaryIO, part: Span, receive: Receive, send: Send) -> None:
    gone = asyncio.create_task(_until_gone(receive))
    left = part.length
    try:
        await asyncio.to_thread(opened.seek, part.start)
        while left and not gone.done():
            block = await asyncio.to_thread(opened.read, min(_BLOCK, left))
            if not block:
                raise OSError("a kept file is shorter than it was")
            left -= len(block)
            await send({"type": "http.response.body", "body": block, "more_body": True})
    finally:
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)


async def _until_gone(receive: Receive) -> None:
    # The server drops what is sent to a client that has gone: without this, a large file is read for nobody.
    while (await receive())["type"] != "http.disconnect":
        pass


def _headers(file: KeptFile, part: Span, *, partial: bool) -> Iterable[Header]:
    yield b"content-type", BYTES.encode()
    yield b"content-length", b"%d" % part.length
    yield b"accept-ranges", b"bytes"
    yield b"etag", f'"{file.sha256}"'.encode()
    yield b"content-disposition", f"attachment; filename*=UTF-8''{quote(file.name, safe='')}".encode()
    if partial:
        last = part.start + part.length - 1
        yield b"content-range", b"bytes %d-%d/%d" % (part.start, last, file.size)


async def _start(send: Send, status: int, headers: Iterable[Header]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})


async def _end(send: Send) -> None:
    await send({"type": "http.response.body", "body": b"", "more_body": False})
