"""Files over HTTP: any range of any file is exactly those bytes, and nothing is read for nobody."""

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend_lite.core.http.ranges import KeptFile, Span, UnsatisfiableError, parse_range, send_file


@pytest.mark.parametrize(
    ("header", "span"),
    [
        (None, None),
        ("", None),
        ("bytes=0-0", Span(0, 1)),
        ("bytes=2-", Span(2, 8)),
        ("bytes=-3", Span(7, 3)),
        ("bytes=-99", Span(0, 10)),
        ("bytes=4-99", Span(4, 6)),
        (" BYTES=0-9 ", Span(0, 10)),
        ("bytes=5-4", None),
        ("bytes=-", None),
        ("bytes=0-1,3-4", None),
        ("bytes=a-b", None),
        ("bytes=--1", None),
        ("items=0-1", None),
        ("bytes=" + "9" * 40 + "-", None),
    ],
)
def test_a_range_is(header: str | None, span: Span | None) -> None:
    assert parse_range(header, 10) == span


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-20", "bytes=-0"])
def test_a_range_behind_the_end_is_none(header: str) -> None:
    with pytest.raises(UnsatisfiableError):
        parse_range(header, 10)


@given(header=st.text(max_size=40), size=st.integers(0, 2**40))
def test_any_header_is_a_part_of_the_file_or_all_of_it(header: str, size: int) -> None:
    try:
        span = parse_range(header, size)
    except UnsatisfiableError:
        return
    assert span is None or 0 <= span.start < span.start + span.length <= size


class Answer:
    """What was sent for one request."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""

    async def take(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.body += message["body"]


async def _forever() -> Any:
    await asyncio.Event().wait()


def ask(path: Path, size: int, method: str = "GET", header: str | None = None, name: str = "x") -> Answer:
    content_hash = hashlib.sha256(path.read_bytes()).hexdigest()
    headers = [(b"range", header.encode())] if header else []
    answer = Answer()
    scope = {"type": "http", "method": method, "headers": headers}
    asyncio.run(send_file(scope, _forever, answer.take, KeptFile(path, size, content_hash, name)))
    return answer


@pytest.fixture(scope="module")
def content() -> bytes:
    return bytes(range(251)) * 3000


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> Path:
    path = tmp_path_factory.mktemp("ranges") / "file"
    path.write_bytes(content)
    return path


@settings(max_examples=40, deadline=None)
@given(start=st.integers(0, 753_000), length=st.integers(1, 753_000))
def test_a_range_is_exactly_those_bytes(path: Path, content: bytes, start: int, length: int) -> None:
    size = len(content)
    answer = ask(path, size, header=f"bytes={start}-{start + length - 1}")
    if start >= size:
        assert (answer.status, answer.headers["content-range"], answer.body) == (416, f"bytes */{size}", b"")
        return
    wanted = content[start : start + length]
    assert (answer.status, answer.body) == (206, wanted)
    assert answer.headers["content-range"] == f"bytes {start}-{start + len(wanted) - 1}/{size}"
    assert answer.headers["content-length"] == str(len(wanted))


def test_a_whole_file_and_its_head(path: Path, content: bytes) -> None:
    whole, head = ask(path, len(content)), ask(path, len(content), "HEAD")
    assert (whole.status, whole.body, head.status, head.body) == (200, content, 200, b"")
    assert whole.headers == head.headers
    assert whole.headers["etag"] == f'"{hashlib.sha256(content).hexdigest()}"'
    assert whole.headers["accept-ranges"] == "bytes"
    part = ask(path, len(content), "HEAD", "bytes=5-9")
    assert (part.status, part.headers["content-length"], part.body) == (206, "5", b"")


def test_a_name_cannot_leave_its_header(path: Path) -> None:
    answer = ask(path, 5, name='a"; x=\r\nSet-Cookie: 🦉/..')
    given_name = answer.headers["content-disposition"].removeprefix("attachment; filename*=UTF-8''")
    assert all(character.isalnum() or character in "%._-~" for character in given_name)


def test_a_client_that_has_gone_is_not_read_for(path: Path, content: bytes) -> None:
    answer, sent = Answer(), 0

    async def gone() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        nonlocal sent
        sent += len(message.get("body", b""))
        await answer.take(message)

    scope = {"type": "http", "method": "GET", "headers": []}
    asyncio.run(send_file(scope, gone, send, KeptFile(path, len(content), "0" * 64, "x")))
    assert sent < len(content)


def test_a_file_that_is_shorter_than_it_was_is_an_error_and_no_short_answer(
    path: Path, content: bytes
) -> None:
    with pytest.raises(OSError, match="shorter"):
        ask(path, len(content) + 1)
