"""Mail through the server of the settings, and what is said when it cannot be sent."""

import contextlib
import socket
import socketserver
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest
import structlog

from backend_lite.core.feature import Kernel
from backend_lite.core.security.outgoing import OutgoingCalls
from tests.backend.settings.test_settings import put
from tests.helpers import service as helper
from tests.helpers.service import InProcess, in_process

pytestmark = pytest.mark.anyio

TO = "you@example.com"


async def send(service: InProcess, to: str = TO) -> tuple[int, Any]:
    answer = await service.client.post("/api/v1/test-mail", json={"to": to}, headers=await service.sign_in())
    return answer.status_code, answer.json()


async def test_without_a_server_it_says_so(service: InProcess) -> None:
    status, body = await send(service)
    assert (status, body["code"]) == (409, "no_mail")


@pytest.mark.parametrize(("to", "sender"), [("you", "me@example.com"), (TO, ""), (f"{TO}\nBcc: x@y", "m@x")])
async def test_what_is_no_address_is_refused(service: InProcess, to: str, sender: str) -> None:
    await put(service, "email", {"host": "mail.example.com", "sender": sender})
    status, body = await send(service, to)
    assert (status, "no mail address" in body["detail"]) == (400, True)


class MailServer(socketserver.StreamRequestHandler):
    heard: ClassVar[list[str]] = []

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):
            self._converse()

    def _converse(self) -> None:
        self.wfile.write(b"220 here\r\n")
        body = False
        for line in self.rfile:
            text = line.decode(errors="replace").strip()
            self.heard.append(text)
            body = text != "." if body else text.upper() == "DATA"
            if text.upper() == "DATA":
                self.wfile.write(b"354 go on\r\n")
            elif not body:
                self.wfile.write(b"221 bye\r\n" if text.upper() == "QUIT" else b"250 ok\r\n")


@pytest.fixture
def mail_port() -> Iterator[int]:
    MailServer.heard.clear()
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), MailServer) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.mark.sockets
async def test_a_message_reaches_the_server(service: InProcess, mail_port: int) -> None:
    values = {"host": "127.0.0.1", "port": mail_port, "tls": "none", "sender": "me@example.com"}
    await put(service, "email", values)
    assert (await send(service))[0] == 200
    assert f"rcpt TO:<{TO}>" in MailServer.heard and "From: me@example.com" in MailServer.heard


@pytest.mark.sockets
async def test_without_the_encryption_that_is_asked_for_nothing_is_sent(
    service: InProcess, mail_port: int
) -> None:
    await put(service, "email", {"host": "127.0.0.1", "port": mail_port, "sender": "me@example.com"})
    status, body = await send(service)
    assert (status, "no such encryption" in body["detail"]) == (409, True)
    assert not any(line.lower().startswith("rcpt") for line in MailServer.heard)


@pytest.mark.sockets
async def test_tls_that_is_none_is_refused_and_stands_in_the_log(service: InProcess, mail_port: int) -> None:
    values = {"host": "127.0.0.1", "port": mail_port, "tls": "tls", "sender": "me@example.com"}
    await put(service, "email", values)
    with structlog.testing.capture_logs() as log:
        status, body = await send(service)
    assert (status, "encryption was not accepted" in body["detail"]) == (409, True)
    assert "the TLS of the mail server was not accepted" in [line["event"] for line in log]


@pytest.mark.sockets
async def test_a_server_that_is_not_there_is_said(service: InProcess) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        values = {"host": "127.0.0.1", "port": port, "tls": "none", "sender": "me@example.com"}
        await put(service, "email", values)
        status, body = await send(service)
    assert (status, "cannot be reached" in body["detail"]) == (409, True)


async def test_a_server_at_an_address_of_no_machine_is_refused(
    tmp_path: Path, migrated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = OutgoingCalls(resolve=lambda *_: ["169.254.169.254"])
    monkeypatch.setattr(helper, "Kernel", partial(Kernel, outgoing=calls))
    async with in_process(tmp_path / "data", migrated) as service:
        await put(service, "email", {"host": "metadata.example", "sender": "me@example.com"})
        status, body = await send(service)
    assert (status, body["code"]) == (400, "refused_address")
