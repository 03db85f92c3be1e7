"""Files brought in pieces: in order, whatever happens in between, kept only if they are the right ones."""

import asyncio
import hashlib
import os
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend_lite.contract.images import OS_IMAGE_UPLOADS
from backend_lite.contract.software import SOFTWARE_UPLOADS
from backend_lite.contract.uploads import MAX_FILE, MAX_PIECE, UploadCreate
from backend_lite.core.blobs import BlobStore
from backend_lite.core.http.app import make_app
from backend_lite.core.http.browser_shield import BrowserShield
from backend_lite.errors import ConflictError, DiskFullError, NotFoundError, ServiceError
from backend_lite.features.library import upload_stream
from backend_lite.features.library.upload_routes import piece_types
from backend_lite.features.library.uploads import RESERVE, Uploads
from tests.helpers.service import InProcess, in_process

pytestmark = pytest.mark.anyio

OCTETS = {"Content-Type": "application/octet-stream"}
DAY_S = 86_400


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Sender:
    """The owner with a file."""

    def __init__(self, service: InProcess, signed_in: dict[str, str], prefix: str = SOFTWARE_UPLOADS) -> None:
        self.service = service
        self._headers = signed_in
        self._prefix = prefix

    async def call(self, method: str, path: str = "", **more: Any) -> httpx.Response:
        sent = self._headers | more.pop("headers", {})
        return await self.service.client.request(method, self._prefix + path, headers=sent, **more)

    async def begin(self, size: int, **fields: object) -> str:
        answer = await self.call("POST", json={"file_name": "setup.msi", "size": size} | fields)
        assert answer.status_code == 201, answer.text
        upload_id: str = answer.json()["id"]
        return upload_id

    async def piece(self, upload_id: str, offset: int, content: bytes) -> httpx.Response:
        return await self.call(
            "PUT", f"/{upload_id}", params={"offset": offset}, content=content, headers=OCTETS
        )

    async def whole(self, content: bytes, **fields: object) -> dict[str, Any]:
        upload_id = await self.begin(len(content), **fields)
        for offset in range(0, len(content), MAX_PIECE):
            answer = await self.piece(upload_id, offset, content[offset : offset + MAX_PIECE])
            assert answer.status_code == 200, answer.text
        answer = await self.call("POST", f"/{upload_id}/finish")
        assert answer.status_code == 201, answer.text
        stored: dict[str, Any] = answer.json()
        return stored

    @property
    def data(self) -> Path:
        return self.service.kernel.config.data.root

    def files(self) -> list[Path]:
        """Everything that is kept or on its way."""
        folders = (self.data / "uploads", self.data / "blobs")
        return [path for folder in folders for path in folder.rglob("*") if path.is_file()]


@dataclass(frozen=True)
class Running:
    runner: asyncio.Runner
    uploads: Uploads
    blobs: BlobStore


@pytest.fixture
async def sender(service: InProcess) -> Sender:
    return Sender(service, await service.sign_in())


async def test_a_file_comes_in_pieces_and_is_kept_by_its_hash(sender: Sender) -> None:
    content = bytes(range(256)) * 70_000
    upload_id = await sender.begin(len(content), sha256=f"sha256:{sha256(content).upper()}")
    at = 0
    for size in (1, 5_000_000, len(content) - 5_000_001 - MAX_PIECE, MAX_PIECE):
        answer = (await sender.piece(upload_id, at, content[at : at + size])).json()
        at += size
        assert answer["received"] == at
    assert (await sender.call("GET", f"/{upload_id}")).json() == answer
    stored = (await sender.call("POST", f"/{upload_id}/finish")).json()
    assert stored == {"sha256": sha256(content), "size": len(content), "file_name": "setup.msi"}
    (kept,) = sender.files()
    assert kept == sender.data / "blobs" / stored["sha256"][:2] / stored["sha256"]
    assert kept.read_bytes() == content
    assert [stat.S_IMODE(path.stat().st_mode) for path in (kept, kept.parent)] == [0o600, 0o700]
    assert (await sender.call("GET", f"/{upload_id}")).status_code == 404
    assert await sender.whole(content) == stored, "the same file once more is no other"


async def test_only_the_next_byte_will_do(sender: Sender) -> None:
    upload_id = await sender.begin(10)
    await sender.piece(upload_id, 0, b"abcd")
    for offset in (0, 3, 5, 2**62):
        answer = await sender.piece(upload_id, offset, b"ef")
        assert answer.status_code == 409
        assert answer.json() == {
            "detail": f"The upload goes on at byte 4, not at {offset}.",
            "code": "wrong_offset",
        }
    assert (await sender.piece(upload_id, -1, b"ef")).status_code == 422
    assert (await sender.piece(upload_id, 4, b"efghij")).json()["received"] == 10


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Running]:
    """One service for many examples."""
    with asyncio.Runner() as runner, ExitStack() as ends:
        opened = in_process(tmp_path_factory.mktemp("running"), migrated)
        service = runner.run(opened.__aenter__())
        ends.callback(lambda: runner.run(opened.__aexit__(None, None, None)))
        yield Running(runner, *_uploads(service))


@settings(max_examples=40, deadline=None)
@given(
    content=st.binary(min_size=1, max_size=60),
    steps=st.lists(st.tuples(st.integers(0, 61), st.integers(0, 20))),
)
def test_whatever_is_sent_only_the_file_itself_is_kept(
    running: Running, content: bytes, steps: list[tuple[int, int]]
) -> None:
    uploads = running.uploads

    async def bring() -> None:
        upload = await uploads.begin("software", UploadCreate("x", len(content)), 1)
        received = 0
        for offset, size in steps:
            part = content[offset : offset + size]
            try:
                upload = await uploads.append("software", upload.id, offset, _once(part))
            except ConflictError:
                assert offset != received
            else:
                received += len(part)
            assert upload.received == received
        await uploads.append("software", upload.id, received, _once(content[received:]))
        stored = await uploads.finish("software", upload.id)
        assert stored.sha256 == sha256(content)
        assert running.blobs.path(stored.sha256).read_bytes() == content

    running.runner.run(bring())


async def test_a_file_that_differs_from_its_checksum_is_refused_and_nothing_of_it_is_kept(
    sender: Sender,
) -> None:
    upload_id = await sender.begin(3, sha256=sha256(b"abc"))
    await sender.piece(upload_id, 0, b"abd")
    answer = await sender.call("POST", f"/{upload_id}/finish")
    assert (answer.status_code, answer.json()["code"]) == (400, "checksum_differs")
    assert sha256(b"abd") in answer.json()["detail"]
    assert sha256(b"abc") in answer.json()["detail"]
    assert sender.files() == []
    assert (await sender.call("GET", f"/{upload_id}")).status_code == 404


async def test_whoever_lost_the_answer_asks_again(sender: Sender) -> None:
    upload_id = await sender.begin(3)
    await sender.piece(upload_id, 0, b"abc")
    first, again = [await sender.call("POST", f"/{upload_id}/finish") for _ in range(2)]
    assert (again.status_code, again.json()) == (201, first.json())
    assert (await sender.piece(upload_id, 3, b"d")).status_code == 404
    assert (await sender.call("DELETE", f"/{upload_id}")).status_code == 404


async def test_a_file_is_not_finished_before_it_is_whole(sender: Sender) -> None:
    upload_id = await sender.begin(3)
    await sender.piece(upload_id, 0, b"ab")
    answer = await sender.call("POST", f"/{upload_id}/finish")
    assert (answer.status_code, answer.json()["code"]) == (409, "upload_incomplete")
    assert answer.json()["detail"] == "Only 2 of 3 bytes have come: go on from there."
    await sender.piece(upload_id, 2, b"c")
    assert (await sender.call("POST", f"/{upload_id}/finish")).status_code == 201


async def test_more_than_was_announced_is_refused(sender: Sender) -> None:
    upload_id = await sender.begin(3)
    answer = await sender.piece(upload_id, 0, b"abcd")
    assert (answer.status_code, answer.json()["code"]) == (400, "too_long")
    assert (await sender.piece(upload_id, 0, b"abc")).json()["received"] == 3


async def test_limits_are_named(sender: Sender) -> None:
    upload_id = await sender.begin(20 << 20)
    large = await sender.piece(upload_id, 0, bytes(MAX_PIECE + 1))
    assert (large.status_code, "8,388,608" in large.json()["detail"]) == (413, True)
    for body, status, says in (
        ({"file_name": "x", "size": MAX_FILE + 1}, 413, "at most 64.0 GB"),
        ({"file_name": "x", "size": 0}, 400, "empty"),
        ({"file_name": "x" * 300, "size": 1}, 400, "300 characters; at most 255"),
        ({"file_name": "..", "size": 1}, 400, "needs a name"),
        ({"file_name": "a/", "size": 1}, 400, "needs a name"),
        ({"file_name": "a\0b", "size": 1}, 400, "control character"),
        ({"file_name": "x", "size": 1, "sha256": "12"}, 400, "is no SHA-256"),
    ):
        answer = await sender.call("POST", json=body)
        assert (answer.status_code, says in answer.json()["detail"]) == (status, True), answer.text


async def test_a_name_is_a_label_and_never_a_path(sender: Sender) -> None:
    for number, (given_name, label) in enumerate(
        {
            "../../etc/passwd": "passwd",
            "C:\\fakepath\\set up.exe": "set up.exe",
            "quo\"te's 🦉 <b>.iso": "quo\"te's 🦉 <b>.iso",
            "x" * 255: "x" * 255,
            "CON": "CON",
        }.items()
    ):
        stored = await sender.whole(b"%d" % number, file_name=given_name)
        assert stored["file_name"] == label
    names = {path.name for path in sender.files()}
    assert names == {sha256(b"%d" % number) for number in range(5)}


async def test_an_upload_belongs_to_its_artifact(service: InProcess, sender: Sender) -> None:
    upload_id = await sender.begin(1)
    other = Sender(service, await service.sign_in(), OS_IMAGE_UPLOADS)
    assert (await other.call("GET", f"/{upload_id}")).status_code == 404
    assert (await other.piece(upload_id, 0, b"x")).status_code == 404
    assert (await other.call("DELETE", f"/{upload_id}")).status_code == 404
    assert (await sender.call("DELETE", f"/{upload_id}")).status_code == 204
    assert (await sender.call("GET", "/no-such-upload")).status_code == 404
    assert (await sender.call("GET", "/" + "9" * 5000)).status_code == 404


async def test_an_upload_goes_on_after_a_restart_where_it_was_safe(tmp_path: Path, migrated: Path) -> None:
    content = bytes(range(256)) * 40
    folder = tmp_path / "data"
    async with in_process(folder, migrated) as before:
        sender = Sender(before, await before.sign_in())
        upload_id = await sender.begin(len(content), sha256=sha256(content))
        await sender.piece(upload_id, 0, content[:3000])
    with (folder / "uploads" / upload_id).open("ab") as file:
        file.write(b"what was on its way when the power went")
    async with in_process(folder, migrated) as after:
        sender = Sender(after, await after.sign_in())
        assert (await sender.call("GET", f"/{upload_id}")).json()["received"] == 3000
        await sender.piece(upload_id, 3000, content[3000:])
        answer = await sender.call("POST", f"/{upload_id}/finish")
        assert answer.json()["sha256"] == sha256(content), answer.text


async def test_what_came_before_the_sender_went_away_stays(service: InProcess) -> None:
    uploads, _blobs = _uploads(service)
    upload = await uploads.begin("software", UploadCreate("x", 10), 1)
    with pytest.raises(httpx.HTTPError):
        await uploads.append("software", upload.id, 0, _broken([b"abc", b"de"]))
    assert (await uploads.get("software", upload.id)).received in (0, 5)


async def test_a_sender_that_falls_silent_is_given_up(
    service: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload_stream, "IDLE_S", 0.01)
    uploads, _blobs = _uploads(service)
    upload = await uploads.begin("software", UploadCreate("x", 10), 1)

    async def silent() -> AsyncIterator[bytes]:
        yield b"abc"
        await asyncio.Event().wait()

    with pytest.raises(ServiceError) as caught:
        await uploads.append("software", upload.id, 0, silent())
    assert (caught.value.status, caught.value.code) == (408, "too_slow")
    assert (await uploads.get("software", upload.id)).received == 3


async def test_a_full_disk_says_how_much_is_needed(service: InProcess) -> None:
    free = RESERVE + (3 << 30)
    uploads, _blobs = _uploads(service, free)
    await uploads.begin("software", UploadCreate("x", 2 << 30), 1)
    with pytest.raises(DiskFullError, match=r"3\.3 GB are free.*Free 1\.0 GB there"):
        await uploads.begin("software", UploadCreate("y", 2 << 30), 1)
    await uploads.begin("software", UploadCreate("z", 1 << 30), 1)


async def test_a_disk_that_fills_up_keeps_what_was_safe(
    service: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads, _blobs = _uploads(service)
    upload = await uploads.begin("software", UploadCreate("x", 10), 1)
    await uploads.append("software", upload.id, 0, _once(b"abc"))
    real = os.write

    def full(descriptor: int, data: bytes) -> int:
        if len(data) == 4:
            return real(descriptor, data[:1])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(DiskFullError):
        await uploads.append("software", upload.id, 3, _once(b"defg"))
    monkeypatch.undo()
    assert (await uploads.get("software", upload.id)).received == 3
    await uploads.append("software", upload.id, 3, _once(b"defghij"))
    assert (await uploads.finish("software", upload.id)).sha256 == sha256(b"abcdefghij")


async def test_what_rests_for_a_day_and_what_nobody_needs_goes(service: InProcess, sender: Sender) -> None:
    uploads, blobs = _uploads(service)
    needed = {sha256(b"needed")}
    blobs.users.add(lambda _session, name: name in needed)
    for content in (b"needed", b"useless"):
        upload = await uploads.begin("software", UploadCreate("x", len(content)), 1)
        await uploads.append("software", upload.id, 0, _once(content))
        await uploads.finish("software", upload.id)
    resting = await uploads.begin("software", UploadCreate("x", 5), 1)
    await uploads.append("software", resting.id, 0, _once(b"ab"))
    stranger = blobs.path("ff" * 32)
    stranger.parent.mkdir(exist_ok=True)
    for path in (stranger, sender.data / "uploads" / "left-behind"):
        path.write_bytes(b"of a service that was killed")

    service.clock.advance(DAY_S - 1)
    await uploads.sweep()
    await blobs.sweep()
    assert {path.name for path in sender.files()} == {resting.id, sha256(b"needed"), sha256(b"useless")}
    service.clock.advance(2)
    await uploads.sweep()
    await blobs.sweep()
    assert [path.name for path in sender.files()] == [sha256(b"needed")]
    with pytest.raises(NotFoundError):
        await uploads.get("software", resting.id)
    needed.clear()
    await blobs.sweep()
    assert sender.files() == []


async def test_only_pieces_may_come_as_octets(service: InProcess) -> None:
    app: Any = make_app(
        service.features, service.access.authenticator, service.kernel.within, machines_only=False
    )
    shield: Any = BrowserShield(app, lambda: frozenset({"127.0.0.1:1"}), piece_types)
    transport = httpx.ASGITransport(app=shield)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:1") as client:
        signed_in = await service.sign_in() | OCTETS
        for method, path, status in (
            ("PUT", f"{SOFTWARE_UPLOADS}/abc?offset=0", 404),
            ("PUT", f"{OS_IMAGE_UPLOADS}/abc/?offset=0", 404),
            ("POST", SOFTWARE_UPLOADS, 415),
            ("POST", f"{SOFTWARE_UPLOADS}/abc/finish", 415),
            ("POST", "/api/v1/software", 415),
            ("PUT", "/api/v1/scripts/1", 415),
        ):
            answer = await client.request(method, path, content=b"x", headers=signed_in)
            assert answer.status_code == status, (path, answer.text)


def _uploads(service: InProcess, free: int = 1 << 50) -> tuple[Uploads, BlobStore]:
    kernel = service.kernel
    blobs = BlobStore(kernel.config.data, kernel.database, kernel.clock)
    return Uploads(kernel.config.data, kernel.database, kernel.clock, blobs, lambda _folder: free), blobs


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def _broken(pieces: list[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
    raise httpx.ReadError("gone")
