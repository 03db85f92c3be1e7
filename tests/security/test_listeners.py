"""What web pages, rebound names and old TLS get from the real listeners."""

from __future__ import annotations

import http.client
import socket
import ssl
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from backend_lite.contract.oidc import OIDC_CALLBACK, OIDC_LOGIN
from backend_lite.core.http.listener import ANSWER_HEADERS
from tests.helpers.processes import ServiceProcess
from tests.security.web_pages import CHANNEL, started, tried

pytestmark = pytest.mark.sockets

UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    running = started(tmp_path_factory.mktemp("listeners"))
    try:
        yield running
    finally:
        running.stop()


def status(
    service: ServiceProcess, method: str, path: str, headers: dict[str, str], body: bytes = b""
) -> int:
    where = urlsplit(service.ready["admin_url"])
    connection = http.client.HTTPConnection("127.0.0.1", where.port or 0, timeout=10)
    try:
        connection.request(method, path, body or None, headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_no_web_page_and_no_other_name_leads_to_the_service(service: ServiceProcess) -> None:
    seen = tried(service)
    assert seen.wrong == []
    assert (seen.origins, seen.hosts) >= (20, 36)


def test_only_to_the_end_of_a_sign_in_does_another_site_send_the_browser(service: ServiceProcess) -> None:
    cross = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    back = f"{OIDC_CALLBACK}?code=guessed&state=guessed"
    assert status(service, "GET", back, cross) == 400
    assert status(service, "GET", back, cross | {"Origin": "https://evil.example"}) == 403
    assert status(service, "GET", OIDC_LOGIN, cross) == 403
    json = cross | {"Content-Type": "application/json"}
    assert status(service, "POST", OIDC_LOGIN, json) == 403


def answer(service: ServiceProcess, request: bytes) -> bytes:
    """Of the admin listener to these very bytes, until it hangs up."""
    where = urlsplit(service.ready["admin_url"])
    with socket.create_connection(("127.0.0.1", where.port or 0), timeout=10) as raw:
        raw.sendall(request.replace(b"HOST", where.netloc.encode()))
        pieces = []
        while piece := raw.recv(1 << 16):
            pieces.append(piece)
    return b"".join(pieces)


CLOSE = b"Connection: close\r\n\r\n"
HEADERS = b"HTTP/1.1\r\nHost: HOST\r\n"


@pytest.mark.parametrize(
    ("expected", "request_"),
    [
        (200, b"GET /api/v1/setup " + HEADERS + CLOSE),
        (400, b"no request at all\r\n\r\n"),
        (401, b"GET /api/v1/users " + HEADERS + CLOSE),
        (403, b"GET /api/v1/users " + HEADERS + b"Origin: https://evil.example\r\n" + CLOSE),
        (404, b"GET /nowhere " + HEADERS + CLOSE),
        (405, b"TRACE /api/v1/users " + HEADERS + CLOSE),
        (421, b"GET /api/v1/setup HTTP/1.1\r\nHost: evil.example\r\n" + CLOSE),
        (
            400,
            b"GET "
            + OIDC_CALLBACK.encode()
            + b"?code=x&state=y "
            + HEADERS
            + b"Accept: text/html\r\n"
            + CLOSE,
        ),
    ],
)
def test_no_answer_is_kept_or_taken_for_something_else(
    service: ServiceProcess, expected: int, request_: bytes
) -> None:
    head = answer(service, request_).partition(b"\r\n\r\n")[0].decode().lower().split("\r\n")
    assert head[0].split()[1] == str(expected)
    for name, value in ANSWER_HEADERS:
        assert head.count(f"{name}: {value}".lower()) == 1, name


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
        b"Content-Length: +2\r\n\r\n{}",
        b"Transfer-Encoding: xchunked\r\n\r\n{}",
        b"Transfer-Encoding: chunked, identity\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        b"Transfer-Encoding : chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}X\r\n0\r\n\r\n",
        b"X-Folded: one\r\n two\r\nContent-Length: 2\r\n\r\n{}",
        b"X-Return: one\rY: two\r\nContent-Length: 2\r\n\r\n{}",
        b"X-Nothing: one\0\r\nContent-Length: 2\r\n\r\n{}",
    ],
)
def test_a_request_whose_end_is_in_doubt_is_refused(service: ServiceProcess, framing: bytes) -> None:
    """Who stands in between and we must not see different requests in the same bytes."""
    head = b"POST /api/v1/auth/login " + HEADERS + b"Content-Type: application/json\r\n"
    answered = answer(service, head + framing)
    assert answered.startswith(b"HTTP/1.1 400 ")
    assert answered.count(b"HTTP/1.1 ") == 1


def test_a_page_opens_no_channel_of_an_agent(service: ServiceProcess) -> None:
    """Whoever reaches the listener for agents by whatever name."""
    where = urlsplit(service.ready["agent_url"])
    for headers, expected in (({}, 101), ({"Host": "fleet.example"}, 101), ({"Origin": "null"}, 403)):
        connection = http.client.HTTPSConnection(
            "localhost", where.port or 0, context=_client(service), timeout=10
        )
        with closing(connection):
            connection.request("GET", CHANNEL, headers=UPGRADE | headers)
            assert connection.getresponse().status == expected, headers


def test_uploads_and_bodies_have_a_largest_size(service: ServiceProcess) -> None:
    json = {"Content-Type": "application/json"}
    for path, size in (("/api/v1/auth/login", 2 << 20), ("/api/v1/enroll", 256 << 10)):
        assert status(service, "POST", path, json, b" " * (size + 1)) == 413
        assert status(service, "POST", path, json, b" " * 100) in (400, 422)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_only_json_is_taken(service: ServiceProcess, kind: str) -> None:
    assert status(service, "POST", "/api/v1/setup", {"Content-Type": kind}, b"{}") == 415


def _handshake(service: ServiceProcess, context: ssl.SSLContext) -> str | None:
    where = urlsplit(service.ready["agent_url"])
    with (
        socket.create_connection(("127.0.0.1", where.port or 0), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as channel,
    ):
        return channel.version()


def _client(service: ServiceProcess) -> ssl.SSLContext:
    keys = Path(service.folder) / "keys"
    return ssl.create_default_context(cafile=str(next(keys.glob("ca*.pem"))))


@pytest.mark.parametrize(
    ("newest", "ciphers"),
    [
        (ssl.TLSVersion.TLSv1, "ALL:@SECLEVEL=0"),
        (ssl.TLSVersion.TLSv1_1, "ALL:@SECLEVEL=0"),
        (ssl.TLSVersion.TLSv1_2, "AES128-SHA:AES256-SHA256:AES256-GCM-SHA384"),
        (ssl.TLSVersion.TLSv1_2, "ECDHE+AESCCM:ECDHE+SHA256:!AESGCM:!CHACHA20"),
    ],
)
def test_old_or_weak_tls_does_not_speak_to_agents(
    service: ServiceProcess, newest: ssl.TLSVersion, ciphers: str
) -> None:
    context = _client(service)
    assert _handshake(service, context) == "TLSv1.3"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = min(newest, ssl.TLSVersion.TLSv1_2)
        context.maximum_version = newest
    context.set_ciphers(ciphers)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        _handshake(service, context)
