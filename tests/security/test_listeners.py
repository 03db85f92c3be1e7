"""What web pages, rebound names and old TLS get from the real listeners."""

from __future__ import annotations

import http.client
import socket
import ssl
import warnings
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.helpers.processes import ServiceProcess

pytestmark = pytest.mark.sockets

UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]
REBOUND = ["evil.example", "localhost.evil.example", "127.0.0.1", "127.0.0.1.nip.example", "[::1]", "0.0.0.0"]  # noqa: S104


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    running = ServiceProcess(tmp_path_factory.mktemp("listeners") / "service").start()
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


@pytest.mark.parametrize("headers", FOREIGN)
def test_no_web_page_fetches_or_opens_a_channel(service: ServiceProcess, headers: dict[str, str]) -> None:
    assert status(service, "GET", "/api/v1/health", headers) == 403
    for path in ("/api/v1/live", "/api/v1/agent/channel"):
        assert status(service, "GET", path, UPGRADE | headers) == 403
        assert status(service, "GET", path, UPGRADE) == 101


@pytest.mark.parametrize("host", REBOUND)
def test_no_other_name_leads_to_the_service(service: ServiceProcess, host: str) -> None:
    port = urlsplit(service.ready["admin_url"]).port
    for name in {host, f"{host}:1", f"{host}:{port}"} - {f"127.0.0.1:{port}"}:
        assert status(service, "GET", "/api/v1/health", {"Host": name}) == 421
    assert status(service, "GET", "/api/v1/live", UPGRADE | {"Host": host}) == 403


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
