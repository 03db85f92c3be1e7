"""Files on their way to a device: broken off, changed, wrong, slow, without end, without room."""

from __future__ import annotations

import errno
import hashlib
import io
import ssl
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.software import SoftwareError, fetch
from agent.software.fetch import TRIES_IN_VAIN, Fetch, Source
from agent.software.sources import FileSource, ServiceSource, UrlSource, may_be_redirected_to

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.agent.certificates import Signed
    from tests.agent.file_server import FileServer

pytestmark = pytest.mark.sockets

CONTENT = bytes(range(256)) * 4096
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Fetching:
    """A fetch whose time is the test's."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.lines: list[str] = []
        self.waits: list[float] = []
        self.now = 0.0
        self.a_look_at_the_clock_takes = 0.0
        self.while_waiting: Callable[[], None] = lambda: None

    def clock(self) -> float:
        self.now += self.a_look_at_the_clock_takes
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.while_waiting()

    def run(self, source: Source, sha256: str = SHA256, size: int = len(CONTENT)) -> bytes:
        Fetch(
            source,
            self.target,
            size,
            self.lines.append,
            clock=self.clock,
            sleep=self.sleep,
            uniform=lambda low, high: high,
        ).run(sha256)
        return self.target.read_bytes()

    def fails(self, source: Source, sha256: str = SHA256, size: int = len(CONTENT)) -> str:
        with pytest.raises(SoftwareError) as failed:
            self.run(source, sha256, size)
        assert not self.target.exists()
        return str(failed.value)


@pytest.fixture
def fetching(tmp_path: Path) -> Fetching:
    return Fetching(tmp_path / "target")


@pytest.fixture
def server(tmp_path: Path, ca: Signed, leaf: Signed) -> Iterator[FileServer]:
    from tests.agent.file_server import FileServer

    server = FileServer(tmp_path, leaf, ca, CONTENT)
    yield server
    server.stop()


@pytest.fixture
def at_service(server: FileServer, ca: Signed) -> ServiceSource:
    return ServiceSource(server.url, ca.pem, "/file?signature=x")


@pytest.fixture
def web(tmp_path: Path, ca: Signed) -> Iterator[FileServer]:
    """Somebody's server, with a certificate for its name."""
    from tests.agent.certificates import make_leaf
    from tests.agent.file_server import FileServer

    folder = tmp_path / "web"
    folder.mkdir()
    server = FileServer(folder, make_leaf(ca, "localhost"), ca, CONTENT)
    yield server
    server.stop()


@pytest.fixture
def of_web(web: FileServer, ca: Signed) -> UrlSource:
    """Trusts the test's CA as systems trust theirs."""
    return UrlSource(f"{web.url}/a.msi?x=1", ssl.create_default_context(cadata=ca.pem))


def test_what_breaks_off_goes_on_where_it_broke(
    fetching: Fetching, server: FileServer, at_service: ServiceSource
) -> None:
    server.cuts = [300_000, 0, 100_000]
    assert fetching.run(at_service) == CONTENT
    assert server.asked == ["", "bytes=300000-", "bytes=300000-", "bytes=400000-"]
    assert fetching.waits == [2.0, 4.0, 2.0]
    assert fetching.lines[0] == "Fetch: 1.0 MB from the service."
    assert "it broke off; next try in 2 s, from 0.3 MB on" in fetching.lines[1]
    assert fetching.lines[-1] == "Fetch: 1.0 MB are here, and the SHA-256 is right."


def test_a_server_that_knows_no_parts_sends_it_all_again(
    fetching: Fetching, server: FileServer, at_service: ServiceSource
) -> None:
    server.cuts, server.knows_parts = [300_000], False
    assert fetching.run(at_service) == CONTENT


def test_a_file_that_changed_meanwhile_begins_anew(
    fetching: Fetching, server: FileServer, at_service: ServiceSource
) -> None:
    other = b"x" * 500_000

    def changed() -> None:
        server.content, server.etag = other, '"2"'

    server.cuts, fetching.while_waiting = [300_000], changed
    assert fetching.run(at_service, "", 0) == other


def test_a_file_that_became_shorter_begins_anew(
    fetching: Fetching, server: FileServer, at_service: ServiceSource
) -> None:
    def shrunk() -> None:
        server.content = b"short"

    server.cuts, server.etag, fetching.while_waiting = [300_000], "", shrunk
    assert fetching.run(at_service, "", 0) == b"short"


def test_another_hash_names_both_and_leaves_nothing(fetching: Fetching, at_service: ServiceSource) -> None:
    sentence = fetching.fails(at_service, "0" * 64)
    assert SHA256 in sentence
    assert "0" * 64 in sentence
    assert "nothing was run" in sentence


def test_another_size_names_both_and_leaves_nothing(fetching: Fetching, at_service: ServiceSource) -> None:
    assert f"has {len(CONTENT)} bytes and not 17" in fetching.fails(at_service, size=17)


def test_a_hash_is_not_needed_but_its_lack_is_said(fetching: Fetching, at_service: ServiceSource) -> None:
    assert fetching.run(at_service, "", 0) == CONTENT
    assert "nobody said what its SHA-256 should be" in fetching.lines[-1]


def test_who_is_busy_is_asked_again_and_who_refuses_is_not(
    fetching: Fetching, server: FileServer, at_service: ServiceSource
) -> None:
    server.statuses = [503, 429]
    assert fetching.run(at_service) == CONTENT
    fetching.target.unlink()
    server.statuses = [403]
    assert "the service answered 403 Forbidden" in fetching.fails(at_service)


def test_trying_in_vain_comes_to_an_end(
    fetching: Fetching, server: FileServer, at_service: ServiceSource
) -> None:
    server.statuses = [500] * 100
    assert "the service answered 500" in fetching.fails(at_service)
    assert len(fetching.waits) == TRIES_IN_VAIN
    assert fetching.waits[-1] == 60


def test_a_service_with_another_certificate_gets_no_question(
    fetching: Fetching, server: FileServer, tmp_path: Path
) -> None:
    from tests.agent.certificates import make_ca

    other = ServiceSource(server.url, make_ca("Another CA").pem, "/file")
    assert "is not the service" in fetching.fails(other)
    assert server.asked == []


def test_progress_is_told_every_few_seconds(fetching: Fetching, at_service: ServiceSource) -> None:
    fetching.a_look_at_the_clock_takes = 3.0
    fetching.run(at_service)
    progress = fetching.lines[1:-1]
    assert 1 <= len(progress) <= len(CONTENT) // 2 // 16384
    assert all("% " not in line and "of 1.0 MB" in line for line in progress)


def test_a_file_of_the_web(fetching: Fetching, web: FileServer, of_web: UrlSource) -> None:
    web.cuts = [1000]
    assert fetching.run(of_web) == CONTENT
    assert web.asked == ["", "bytes=1000-"]


def test_the_web_is_not_trusted_without_a_certificate(fetching: Fetching, web: FileServer) -> None:
    assert "cannot be trusted" in fetching.fails(UrlSource(web.url))
    assert web.asked == []


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("http://example.org/", "not https"),
        ("file:///etc/passwd", "not https"),
        ("https://127.0.0.1:9/", "an address of this machine or its link"),
        ("https://localhost:9/", "an address of this machine or its link"),
    ],
)
def test_redirects_lead_to_others_by_https_only(
    fetching: Fetching, web: FileServer, of_web: UrlSource, target: str, sentence: str
) -> None:
    web.redirect = target
    assert sentence in fetching.fails(of_web)


def test_redirects_without_end_come_to_one(
    fetching: Fetching, web: FileServer, of_web: UrlSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.software.sources.may_be_redirected_to", lambda address: True)
    web.redirect = "/again"
    assert "redirects more than 10 times" in fetching.fails(of_web)
    assert len(web.asked) == 11


@pytest.mark.parametrize(
    ("address", "may"),
    [
        ("192.0.2.1", True),
        ("10.1.2.3", True),
        ("2001:db8::1", True),
        ("127.0.0.1", False),
        ("::1", False),
        ("::ffff:127.0.0.1", False),
        ("169.254.169.254", False),
        ("fe80::1%eth0", False),
        ("0.0.0.0", False),  # noqa: S104
    ],
)
def test_where_redirects_may_lead(address: str, may: bool) -> None:
    assert may_be_redirected_to(address) is may


def test_a_file_of_a_share_is_read_and_stays(fetching: Fetching, tmp_path: Path) -> None:
    share = tmp_path / "share.msi"
    share.write_bytes(CONTENT)
    assert fetching.run(FileSource(str(share))) == CONTENT
    assert share.read_bytes() == CONTENT
    fetching.target.unlink()
    assert "There is no file" in fetching.fails(FileSource(str(tmp_path / "none")))
    assert "is not a file" in fetching.fails(FileSource(str(tmp_path)))


@pytest.mark.skipif(sys.platform == "win32", reason="a device file of Unix")
def test_a_device_is_no_file(fetching: Fetching) -> None:
    assert "is not a file" in fetching.fails(FileSource("/dev/zero"))


def test_where_the_disk_has_no_room_nothing_is_fetched(
    fetching: Fetching, server: FileServer, at_service: ServiceSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = fetch.RESERVE + len(CONTENT) - 1

    monkeypatch.setattr("shutil.disk_usage", lambda path: Usage)
    assert "make room and run it again" in fetching.fails(at_service)


class FullDisk(io.FileIO):
    """Has room for one piece."""

    def write(self, data: Any) -> int:
        if self.tell() > 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data)


def test_a_disk_that_fills_up_on_the_way_is_said(
    at_service: ServiceSource, fetching: Fetching, monkeypatch: pytest.MonkeyPatch
) -> None:
    def open_there(path: Path, mode: str) -> FullDisk:
        return FullDisk(path, mode)

    monkeypatch.setattr(Path, "open", open_there)
    assert "the disk is full" in fetching.fails(at_service)
