"""Large files from the service: verified, gone on with, and never seen half."""

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from console.core.client import ApiClient
from console.core.downloads import fetch
from console.core.errors import ApiError, Mendable
from console.core.ops import Progress

DATA = b"image" * 300_000
SHA256 = hashlib.sha256(DATA).hexdigest()


def bring(to: Path, answer: Callable[[httpx.Request], httpx.Response], sha256: str = SHA256) -> Path:
    client = ApiClient("http://127.0.0.1:1", transport=httpx.MockTransport(answer))
    progress = Progress(lambda _done, _text: None)
    return asyncio.run(fetch(client, "/file", to, len(DATA), sha256, progress))


def ranged(request: httpx.Request) -> httpx.Response:
    first = int(request.headers.get("Range", "bytes=0-")[6:-1])
    return httpx.Response(206 if first else 200, content=DATA[first:])


def test_a_file_arrives_whole(tmp_path: Path) -> None:
    to = tmp_path / "a.iso"
    assert bring(to, ranged) == to
    assert to.read_bytes() == DATA
    assert [path.name for path in tmp_path.iterdir()] == ["a.iso"]


def test_what_is_there_already_is_not_fetched_again(tmp_path: Path) -> None:
    (tmp_path / "a.iso.part").write_bytes(DATA[:1000])
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers["Range"])
        return ranged(request)

    bring(tmp_path / "a.iso", answer)
    assert asked == ["bytes=1000-"]
    assert (tmp_path / "a.iso").read_bytes() == DATA


def test_a_file_that_differs_is_thrown_away(tmp_path: Path) -> None:
    with pytest.raises(Mendable, match="Download it again"):
        bring(tmp_path / "a.iso", ranged, "0" * 64)
    assert list(tmp_path.iterdir()) == []


def test_a_partial_that_is_too_long_begins_anew(tmp_path: Path) -> None:
    (tmp_path / "a.iso.part").write_bytes(DATA + b"more")
    bring(tmp_path / "a.iso", ranged)
    assert (tmp_path / "a.iso").read_bytes() == DATA


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(Mendable, match="could not be written"):
        bring(tmp_path / "none" / "a.iso", ranged)


def test_a_refusal_is_handed_on(tmp_path: Path) -> None:
    def refuse(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(404, json={"detail": "The service keeps no file.", "code": "not_found"})

    with pytest.raises(ApiError, match="keeps no file"):
        bring(tmp_path / "a.iso", refuse)
