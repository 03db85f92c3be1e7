"""What a web page can make a browser send to a service on this machine, and names that lead there."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tests.helpers.processes import ServiceProcess

HEALTH, LIVE, CHANNEL = "/api/v1/health", "/api/v1/live", "/api/v1/agent/channel"
_UPGRADE = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
_WAIT_S = 10
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


@dataclass
class Pages:
    """Counts of what was tried; `wrong` what got in, or was kept out though it is ours."""

    origins: int = 0
    hosts: int = 0
    wrong: list[str] = field(default_factory=list)


def tried(service: ServiceProcess) -> Pages:
    port = urlsplit(service.ready["admin_url"]).port or 0
    seen, ours = Pages(), f"Host: 127.0.0.1:{port}\r\n"

    def expect(status: int, lines: str, path: str = HEALTH, first: str = "") -> None:
        said = f"{first or f'GET {path} HTTP/1.1'}\r\n{lines}\r\n".encode()
        answered = _status(port, said)
        # Two of a header are no proper handshake, which the server itself says.
        if answered != status and not (answered == 400 and _UPGRADE in lines and status == 403):
            seen.wrong.append(f"{said!r}: {answered}, not {status}")

    for header in foreign(port):
        seen.origins += 1
        expect(403, f"{ours}{header}\r\n")
        for path in (LIVE, CHANNEL):
            expect(403, f"{ours}{_UPGRADE}{header}\r\n", path)
    for path in (LIVE, CHANNEL):
        expect(101, ours + _UPGRADE, path)
    for header in ("Sec-Fetch-Site: none", "Sec-Fetch-Site: same-origin", "X-Forwarded-Host: evil.example"):
        expect(200, f"{ours}{header}\r\n")
    for lines in rebound(port):
        seen.hosts += 1
        expect(421, lines)
        expect(421, lines, first=f"GET http://127.0.0.1:{port}{HEALTH} HTTP/1.1")
        expect(403, lines + _UPGRADE, LIVE)
    return seen


def foreign(port: int) -> Iterator[str]:
    """Headers that only a page of somebody else's sends; no page is ours."""
    for origin in (
        "https://evil.example", "null", "", "file://", f"http://127.0.0.1:{port}", f"http://localhost:{port}",
        f"http://[::1]:{port}", "http://127.0.0.1", "http://127.0.0.1.evil.example", "app://console",
        "chrome-extension://abcdef", f"https://127.0.0.1:{port}", "http://user@127.0.0.1", "*",
    ):  # fmt: skip
        yield f"Origin: {origin}"
    yield f"origin: null\r\nOrigin: http://127.0.0.1:{port}"
    for site in ("cross-site", "same-site", "", "None", "same-origin, cross-site"):
        yield f"Sec-Fetch-Site: {site}"


def rebound(port: int) -> Iterator[str]:
    """Host headers, or none, that are not the address of the service."""
    for host in (
        "evil.example", f"evil.example:{port}", f"localhost.evil.example:{port}", "127.0.0.1", "localhost",
        "127.0.0.1:1", f"127.0.0.1.nip.example:{port}", f"[::1]:{port}", f"[::ffff:127.0.0.1]:{port}",
        f"0.0.0.0:{port}", f"127.1:{port}", f"127.0.0.2:{port}", f"2130706433:{port}", f"0x7f.1:{port}",
        f"127.0.0.1.:{port}", f"localhost.:{port}", f"user@127.0.0.1:{port}",
        f"127.0.0.1:{port}@evil.example",
        f"127.0.0.1:0{port}", f"127.0.0.1:{port}:{port}", f"127.0.0.1:{port},evil.example",
        f"127.0.0.1:{port}/", f"127.0.0.1:{port}#", f"evil.example 127.0.0.1:{port}", f"localhost%2e:{port}",
        f"loc\u0430lhost:{port}", "", f":{port}", f"*:{port}", f"{socket.gethostname()}.local:{port}",
    ):  # fmt: skip
        yield f"Host: {host}\r\n"
    ours = f"127.0.0.1:{port}"
    yield ""
    yield f"X-Forwarded-Host: {ours}\r\n"
    yield f"Host: evil.example\r\nX-Forwarded-Host: {ours}\r\nForwarded: host={ours}\r\n"
    for one, other in (
        (ours, "evil.example"),
        ("evil.example", ours),
        (ours, ours),
        (ours, f"localhost:{port}"),
    ):
        yield f"Host: {one}\r\nhost: {other}\r\n"


def _status(port: int, said: bytes) -> int:
    with closing(socket.create_connection(("127.0.0.1", port), _WAIT_S)) as connection:
        connection.sendall(said)
        heard = b""
        while (found := _STATUS.match(heard)) is None:
            piece = connection.recv(1 << 12)
            if not piece:
                return 0
            heard += piece
        return int(found[1])


def started(folder: Path) -> ServiceProcess:
    return ServiceProcess(folder / "service").start()
