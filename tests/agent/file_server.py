"""An HTTPS server with one file, that breaks off, dawdles and redirects as a test says."""

from __future__ import annotations

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.agent.certificates import Signed, write_files


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def handle_error(self, request: object, address: object) -> None:
        """A client that goes in the middle is what these tests are about."""


class FileServer:
    """Serves `content` at every path, in parts where it is asked to."""

    def __init__(self, folder: Path, leaf: Signed, ca: Signed, content: bytes) -> None:
        self.content = content
        self.asked: list[str] = []
        """The Range of every request."""
        self.cuts: list[int] = []
        """After so many bytes each of the next answers breaks off."""
        self.statuses: list[int] = []
        """What the next requests are answered instead of the file."""
        self.redirect = ""
        self.knows_parts = True
        self.etag = '"1"'
        self._server = _Server(("127.0.0.1", 0), self._handler())
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*write_files(folder, leaf, ca))
        self._server.socket = tls.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"https://localhost:{self._server.server_address[1]}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.answer(self)

            def log_message(self, format: str, *args: object) -> None:
                """Nobody reads it."""

        return Handler

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        wanted = request.headers.get("Range", "")
        self.asked.append(wanted)
        if self.statuses:
            request.send_error(self.statuses.pop(0))
        elif self.redirect:
            request.send_response(302)
            request.send_header("Location", self.redirect)
            request.end_headers()
        else:
            self._send(request, self._start(request, wanted))

    def _start(self, request: BaseHTTPRequestHandler, wanted: str) -> int:
        if not wanted or not self.knows_parts or request.headers.get("If-Range", self.etag) != self.etag:
            return 0
        return int(wanted.removeprefix("bytes=").rstrip("-"))

    def _send(self, request: BaseHTTPRequestHandler, start: int) -> None:
        if start > len(self.content):
            request.send_error(416)
            return
        request.send_response(206 if start else 200)
        body = self.content[start:]
        if start:
            total = len(self.content)
            request.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        request.send_header("Content-Length", str(len(body)))
        request.send_header("ETag", self.etag)
        request.end_headers()
        request.wfile.write(body[: self.cuts.pop(0)] if self.cuts else body)
        request.close_connection = True
