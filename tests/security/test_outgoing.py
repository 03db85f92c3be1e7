"""Where the service calls, and where it never does."""

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from backend_lite.core.security import outgoing
from backend_lite.core.security.outgoing import OutgoingCalls, OutgoingError, parsed
from backend_lite.core.security.reachable import may_call
from backend_lite.errors import InvalidError

PUBLIC = ["93.184.216.34", "1.1.1.1", "2606:4700::1111", "64:ff9b::1.1.1.1", "::ffff:1.1.1.1"]
LAN = ["10.1.2.3", "172.31.0.1", "192.168.7.7", "100.64.0.1", "fd00::7", "::ffff:192.168.7.7"]
NEVER = [
    "127.0.0.1", "127.255.255.254", "0.0.0.1", "169.254.169.254", "224.0.0.1", "239.1.2.3", "255.255.255.255",
    "240.0.0.1", "192.0.2.1", "198.18.0.1", "::", "::1", "fe80::1", "ff02::1", "fec0::1", "2001:db8::1",
    "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::",
    "2002:a9fe:a9fe::1", "100::1", "4000::1",
]  # fmt: skip

V4 = st.ip_addresses(v=4)


@pytest.mark.parametrize(
    ("addresses", "anyone", "configured"), [(PUBLIC, True, True), (LAN, False, True), (NEVER, False, False)]
)
def test_who_may_be_called(addresses: list[str], anyone: bool, configured: bool) -> None:
    found = map(ipaddress.ip_address, addresses)
    assert {(may_call(one, private=False), may_call(one, private=True)) for one in found} == {
        (anyone, configured)
    }


@given(V4, st.sampled_from(["::ffff:0:0", "64:ff9b::", "::"]), st.booleans())
def test_an_address_inside_another_is_taken_for_what_it_is(
    inner: ipaddress.IPv4Address, prefix: str, private: bool
) -> None:
    outer = ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) | int(inner))
    assert may_call(outer, private=private) == may_call(inner, private=private)


@given(st.ip_addresses(), st.booleans())
def test_nothing_local_is_ever_called(address: ipaddress.IPv4Address, private: bool) -> None:
    local = address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified
    assert not (local and may_call(address, private=private))


@pytest.mark.parametrize(
    "url",
    [
        "", "file:///etc/passwd", "ftp://a/", "gopher://a/", "//a/", "a", "http://", "http:///x", "http://u:p@a/",
        "http://u@a/", "http://a:99999/", "http://a:x/", "http://a b/", "http://a/\r\nX: y", "http://[::1", "http://é/",
        "http://a/" + "x" * 3000, "javascript:alert(1)",
    ],
)  # fmt: skip
def test_what_is_no_plain_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidError):
        parsed(url)


@pytest.mark.anyio
@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "0"])
async def test_no_spelling_of_this_machine_is_called(host: str) -> None:
    # What a system's own resolver makes of numbers.
    calls = OutgoingCalls(resolve=lambda name, _: [socket.inet_ntoa(socket.inet_aton(name))], dial=_never)
    with pytest.raises(InvalidError, match="does not call"):
        await calls.call("GET", f"http://{host}/", private=True)


@pytest.mark.anyio
async def test_our_own_ports_are_called_on_no_machine() -> None:
    calls = OutgoingCalls(lambda: frozenset({8443}), resolve=lambda *_: ["1.1.1.1"], dial=_never)
    with pytest.raises(InvalidError, match="itself"):
        await calls.call("GET", "https://a.example:8443/")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "10.0.0.9", "93.184.216.34"])
def test_a_server_that_an_owner_named_may_stand_on_this_machine(host: str) -> None:
    dialled: list[str] = []

    def dial(address: str, _port: int, _timeout_s: float) -> socket.socket:
        dialled.append(address)
        raise ConnectionRefusedError

    with pytest.raises(ConnectionRefusedError):
        OutgoingCalls(resolve=lambda *_: [host], dial=dial).connect_near("mail", 25, 1.0)
    assert dialled == [host]


@pytest.mark.parametrize(
    "host",
    ["169.254.169.254", "fe80::1", "0.1.2.3", "224.0.0.1", "255.255.255.255", "::", "::ffff:169.254.1.1"],
)
def test_nobody_names_an_address_of_no_machine(host: str) -> None:
    with pytest.raises(InvalidError, match="no machine"):
        OutgoingCalls(resolve=lambda *_: [host], dial=_never).connect_near("mail", 25, 1.0)


def test_mail_does_not_go_to_our_own_ports() -> None:
    calls = OutgoingCalls(lambda: frozenset({8443}), resolve=lambda *_: ["127.0.0.1"], dial=_never)
    with pytest.raises(InvalidError, match="itself"):
        calls.connect_near("mail", 8443, 1.0)


def _never(address: str, port: int, _timeout_s: float) -> socket.socket:
    raise AssertionError(f"called {address} {port}")


class Server:
    """Answers one call with what it is given, and keeps what it heard."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self.heard = b""
        self.dialled: list[str] = []

    def dial(self, address: str, _port: int, timeout_s: float) -> socket.socket:
        self.dialled.append(address)
        ours, theirs = socket.socketpair()
        ours.settimeout(timeout_s)
        threading.Thread(target=self._serve, args=(theirs,), daemon=True).start()
        return ours

    def _serve(self, theirs: socket.socket) -> None:
        with theirs:
            self.heard = theirs.recv(65_536)
            try:
                theirs.sendall(self._answer)
            except OSError:
                return


@contextmanager
def serving(answer: bytes, *addresses: str) -> Iterator[tuple[Server, OutgoingCalls]]:
    server = Server(answer)
    asked: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return list(addresses) if len(asked) == 1 else ["127.0.0.1"]

    yield server, OutgoingCalls(resolve=resolve, dial=server.dial)
    assert len(asked) == 1, "a second answer of the DNS might be another"


@pytest.mark.anyio
@pytest.mark.sockets
async def test_the_checked_address_is_called_under_its_name() -> None:
    answer = b"HTTP/1.1 200 OK\r\nX-One: 1\r\nContent-Length: 2\r\n\r\nhi"
    with serving(answer, "127.0.0.1", "93.184.216.34") as (server, calls):
        said = await calls.call("GET", "http://a.example/p?q=1", headers={"X-Two": "2"})
    assert (said.status, said.body, said.headers["x-one"]) == (200, b"hi", "1")
    assert server.dialled == ["93.184.216.34"]
    assert b"\r\nX-Two: 2\r\n" in server.heard
    assert server.heard.startswith(b"GET /p?q=1 HTTP/1.1\r\nHost: a.example\r\n")


@pytest.mark.anyio
@pytest.mark.sockets
async def test_a_redirect_is_not_followed() -> None:
    answer = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n"
    with serving(answer, "1.1.1.1") as (server, calls):
        assert (await calls.call("GET", "http://a.example/")).status == 302
    assert server.dialled == ["1.1.1.1"]


@pytest.mark.anyio
@pytest.mark.sockets
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5000, "larger than"),
        (b"nonsense\r\n\r\n", "cannot be reached"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", "cannot be reached"),
    ],
)
async def test_what_cannot_be_taken_is_said(
    answer: bytes, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "LARGEST_ANSWER", 4000)
    with serving(answer, "1.1.1.1") as (_, calls), pytest.raises(OutgoingError, match=reason):
        await calls.call("GET", "http://a.example/")


@pytest.mark.anyio
@pytest.mark.sockets
async def test_tls_that_is_none_stands_in_the_log() -> None:
    with (
        serving(b"HTTP/1.1 200 OK\r\n\r\n", "1.1.1.1") as (_, calls),
        structlog.testing.capture_logs() as log,
        pytest.raises(OutgoingError, match="cannot be reached"),
    ):
        await calls.call("GET", "https://a.example/")
    assert [(line["event"], line["host"]) for line in log] == [
        ("the TLS of another side was not accepted", "a.example")
    ]


@pytest.mark.anyio
@pytest.mark.sockets
async def test_who_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "PATIENCE_S", 0.05)
    silent, other = socket.socketpair()
    with other:
        calls = OutgoingCalls(resolve=lambda *_: ["1.1.1.1"], dial=lambda *_: silent)
        with pytest.raises(OutgoingError, match="no whole answer"):
            await calls.call("GET", "http://a.example/")


@pytest.mark.anyio
async def test_name_servers_are_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "WHOLE_S", 0.05)
    answered = threading.Event()

    def resolve(_host: str, _port: int) -> list[str]:
        assert answered.wait(30)
        return []

    try:
        with pytest.raises(OutgoingError, match="no answer"):
            await OutgoingCalls(resolve=resolve, dial=_never).call("GET", "http://a.example/")
    finally:
        answered.set()


@pytest.mark.anyio
async def test_calls_that_hang_keep_nothing_else_of_the_service_waiting() -> None:
    """Whoever comes to the sign-in page makes one while the provider does not answer."""
    hang = threading.Event()

    def resolve(_host: str, _port: int) -> list[str]:
        hang.wait()
        return []

    calls = OutgoingCalls(resolve=resolve)
    hanging = [asyncio.create_task(calls.call("GET", "https://a.example/")) for _ in range(80)]
    await asyncio.sleep(0)
    try:
        async with asyncio.timeout(5):
            assert await asyncio.to_thread(threading.active_count) > 1
    finally:
        hang.set()
        ended = await asyncio.gather(*hanging, return_exceptions=True)
    assert all(isinstance(one, InvalidError) for one in ended)
