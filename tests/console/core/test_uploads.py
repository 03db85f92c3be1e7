"""Bringing files: in pieces, over lost connections, and after the window was closed."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from backend_lite.contract.uploads import StoredFile
from console.core import uploads
from console.core.client import ApiClient
from console.core.errors import ApiError, Mendable, ServiceGone
from console.core.ops import Progress
from console.core.upload_memory import FileKey, UploadMemory
from console.core.uploads import Interrupted, UploadPlace

PREFIX = "/api/v1/software/uploads"
PIECE = 1000
DATA = bytes(range(256)) * 13
SHA256 = hashlib.sha256(DATA).hexdigest()


@dataclass
class Service:
    """Takes uploads as the contract says. `before` may raise instead of an answer, `after` loses it."""

    files: dict[str, bytes] = field(default_factory=dict)
    begun: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    before: Callable[[str], None] = lambda _what: None
    after: Callable[[str], None] = lambda _what: None

    def answer(self, request: httpx.Request) -> httpx.Response:
        what = f"{request.method} {request.url.path.removeprefix(PREFIX)}"
        self.asked.append(what)
        self.before(what)
        found = self._answer(request, what)
        self.after(what)
        return found

    def _answer(self, request: httpx.Request, what: str) -> httpx.Response:
        if what == "POST ":
            key = str(len(self.begun) + 1)
            self.begun[key] = httpx.Response(200, content=request.content).json()
            self.files[key] = b""
            return self._upload(key)
        key = what.split("/")[1]
        if key not in self.files:
            return httpx.Response(404, json={"detail": "Upload not found", "code": "not_found"})
        if request.method == "PUT":
            if int(request.url.params["offset"]) != len(self.files[key]):
                return httpx.Response(409, json={"detail": "It goes on elsewhere", "code": "wrong_offset"})
            self.files[key] += request.content
        elif request.method == "DELETE":
            del self.files[key]
            return httpx.Response(204)
        elif what.endswith("/finish"):
            data = self.files.pop(key)
            begun = self.begun[key]
            kept = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
            return httpx.Response(200, json=kept | {"file_name": begun["file_name"]})
        return self._upload(key)

    def _upload(self, key: str) -> httpx.Response:
        stand = {"id": key, "received": len(self.files[key]), "expires_at": "2026-03-05T10:00:00.000Z"}
        return httpx.Response(200, json=self.begun[key] | stand)


@dataclass
class Desk:
    service: Service
    place: UploadPlace
    path: Path
    slept: list[float]
    said: list[tuple[float | None, str]]

    def bring(self) -> StoredFile:
        return asyncio.run(self._bring())

    async def _bring(self) -> StoredFile:
        return await self.place.bring(self.path, Progress(lambda done, text: self.said.append((done, text))))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(uploads, "PIECE", PIECE)
    path = tmp_path / "setup.msi"
    path.write_bytes(DATA)
    return made(tmp_path, path, Service())


def made(folder: Path, path: Path, service: Service) -> Desk:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    client = ApiClient("http://127.0.0.1:1", transport=httpx.MockTransport(service.answer))
    place = UploadPlace(client, PREFIX, UploadMemory(folder / "uploads.json"), sleep)
    return Desk(service, place, path, slept, [])


def gone(*times: int, what: str = "PUT") -> Callable[[str], None]:
    """The connection is lost at these of the requests that begin with `what`, counted from 1."""
    count = 0

    def lose(asked: str) -> None:
        nonlocal count
        count += asked.startswith(what)
        if asked.startswith(what) and count in times:
            raise httpx.ConnectError("lost")

    return lose


def test_a_file_is_brought_in_pieces_with_its_checksum(desk: Desk) -> None:
    assert desk.bring() == StoredFile(SHA256, len(DATA), "setup.msi")
    assert desk.service.begun["1"] == {"file_name": "setup.msi", "size": len(DATA), "sha256": SHA256}
    assert desk.service.asked == ["POST ", *["PUT /1"] * 4, "POST /1/finish"]
    shares = [share for share, _text in desk.said if share is not None]
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_a_lost_connection_is_waited_for_and_gone_on_with(desk: Desk) -> None:
    desk.service.before = gone(2, 3)
    assert desk.bring().sha256 == SHA256
    assert desk.service.asked.count("GET /1") == 2
    assert any("does not answer" in text for _share, text in desk.said)


def test_a_piece_whose_answer_was_lost_is_not_sent_twice(desk: Desk) -> None:
    desk.service.after = gone(2)
    assert desk.bring().sha256 == SHA256
    assert desk.service.asked.count("PUT /1") == 4


def test_a_lost_answer_of_the_end_is_no_loss(desk: Desk) -> None:
    desk.service.after = gone(1, what="POST /1/finish")
    assert desk.bring() == StoredFile(SHA256, len(DATA), "setup.msi")
    assert desk.slept == [0.5]


def test_a_service_that_stays_away_ends_it_and_it_goes_on_in_another_window(
    desk: Desk, tmp_path: Path
) -> None:
    desk.service.before = _away_after(3)
    with pytest.raises(ServiceGone):
        desk.bring()
    assert sum(desk.slept) >= uploads.PATIENCE_S
    again = made(tmp_path, desk.path, desk.service)
    desk.service.before = lambda _what: None
    desk.service.asked.clear()
    assert asyncio.run(again.place.interrupted(desk.path)) == Interrupted(2 * PIECE, len(DATA))
    assert again.bring().sha256 == SHA256
    assert "POST " not in desk.service.asked
    assert asyncio.run(again.place.interrupted(desk.path)) is None


def _away_after(count: int) -> Callable[[str], None]:
    left = count

    def lose(_asked: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise httpx.ConnectError("lost")

    return lose


def test_a_cancelled_upload_goes_on_where_it_was(desk: Desk) -> None:
    async def story() -> int:
        task = asyncio.ensure_future(desk._bring())

        def stop(what: str) -> None:
            if desk.service.asked.count("PUT /1") == 2:
                task.cancel()

        desk.service.after = stop
        with pytest.raises(asyncio.CancelledError):
            await task
        return desk.service.asked.count("PUT /1")

    first = asyncio.run(story())
    desk.service.after = lambda _what: None
    desk.place = made(desk.path.parent, desk.path, desk.service).place
    assert desk.bring().sha256 == SHA256
    assert desk.service.asked.count("PUT /1") == 4
    assert first == 2


def test_what_was_given_up_begins_anew(desk: Desk, tmp_path: Path) -> None:
    desk.service.before = _away_after(3)
    with pytest.raises(ServiceGone):
        desk.bring()
    desk.service.before = lambda _what: None
    again = made(tmp_path, desk.path, desk.service)
    asyncio.run(again.place.give_up(desk.path))
    assert desk.service.files == {}
    assert asyncio.run(again.place.interrupted(desk.path)) is None


def test_another_file_under_the_same_name_is_not_gone_on_with(desk: Desk, tmp_path: Path) -> None:
    desk.service.before = _away_after(3)
    with pytest.raises(ServiceGone):
        desk.bring()
    desk.service.before = lambda _what: None
    desk.path.write_bytes(DATA[::-1] + b"more")
    again = made(tmp_path, desk.path, desk.service)
    assert again.bring().sha256 == hashlib.sha256(DATA[::-1] + b"more").hexdigest()
    assert len(desk.service.begun) == 2


def test_a_file_that_changes_on_its_way_is_not_kept(desk: Desk) -> None:
    def change(what: str) -> None:
        if what == "PUT /1":
            desk.path.write_bytes(DATA * 2)

    desk.service.after = change
    with pytest.raises(Mendable, match="was changed while it was brought"):
        desk.bring()
    assert "POST /1/finish" not in desk.service.asked


@pytest.mark.parametrize("what", ["missing", "folder", "empty"])
def test_what_is_no_file_is_refused_with_a_sentence(desk: Desk, tmp_path: Path, what: str) -> None:
    desk.path = tmp_path / what
    if what == "folder":
        desk.path.mkdir()
    elif what == "empty":
        desk.path.touch()
    with pytest.raises(Mendable, match=r"cannot be read|is no file|is empty"):
        desk.bring()
    assert desk.service.asked == []


def test_a_refusal_is_handed_on(desk: Desk) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        return httpx.Response(507, json={"detail": "There is no room.", "code": "disk_full"})

    client = ApiClient("http://127.0.0.1:1", transport=httpx.MockTransport(refuse))
    desk.place = UploadPlace(client, PREFIX, UploadMemory())
    with pytest.raises(ApiError, match="no room"):
        desk.bring()


def test_a_damaged_memory_is_an_empty_one(tmp_path: Path) -> None:
    file = tmp_path / "uploads.json"
    file.write_text("{")
    memory, key = UploadMemory(file), FileKey("/a", 1, 2)
    assert memory.recall(PREFIX, key) == ""
    memory.remember(PREFIX, key, "7")
    assert UploadMemory(file).recall(PREFIX, key) == "7"
    assert UploadMemory(file).recall("/other", key) == ""
    assert file.stat().st_mode & 0o077 == 0
