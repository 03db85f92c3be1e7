"""Where installers' files lie: with the service, at an address of the web, in a folder or on a share."""

from __future__ import annotations

import http.client
import ipaddress
import os
import re
import socket
import ssl
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urljoin, urlsplit

from agent import __version__
from agent.software import ShorterError, SoftwareError
from agent.tls import SERVICE_NAME, address_of, tls_context

SILENCE_S = 30.0
MOST_REDIRECTS = 10
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_WHOLE, _PART, _NOT_SO_FAR = 200, 206, 416
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


class HttpAnswer:
    """The body of a response that has one, and with it the connection."""

    def __init__(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> None:
        self._connection = connection
        self._response = response
        self.start, self.tag = 0, ""
        self.total: int | None = None

    def checked(self, name: str) -> HttpAnswer:
        """Raises SoftwareError, OSError or HTTPException where it is not the file that comes."""
        response = self._response
        _check_status(response, name)
        self.tag = response.headers.get("ETag", "")
        if self.tag.startswith("W/"):
            # It does not promise the same bytes.
            self.tag = ""
        length = response.headers.get("Content-Length", "")
        self.total = int(length) if length.isdigit() else None
        if response.status == _PART:
            self.start, self.total = _part_of(response)
        return self

    def redirect(self) -> str | None:
        """Where it leads instead of being the file."""
        if self._response.status not in _REDIRECTS:
            return None
        return self._response.headers.get("Location", "")

    def read(self, size: int) -> bytes:
        return self._response.read(size)

    def close(self) -> None:
        self._response.close()
        self._connection.close()


def _part_of(response: http.client.HTTPResponse) -> tuple[int, int | None]:
    found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if found is None:
        raise http.client.HTTPException("a part came without saying which")
    return int(found[1]), int(found[2]) if found[2] != "*" else None


class ServiceSource:
    """A file that the service keeps, at a path that expires."""

    name = "the service"

    def __init__(self, server: str, ca_pem: str, path: str) -> None:
        self._address = address_of(server)
        self._tls = tls_context(ca_pem)
        self._path = path

    def open(self, start: int, tag: str) -> HttpAnswer:
        connection = http.client.HTTPConnection(*self._address, timeout=SILENCE_S)
        raw = socket.create_connection(self._address, SILENCE_S)
        try:
            connection.sock = self._tls.wrap_socket(raw, server_hostname=SERVICE_NAME)
        except ssl.SSLCertVerificationError:
            raise SoftwareError(
                "Whoever answered at the service's address is not the service; nothing was fetched."
            ) from None
        answer = _asked(connection, self._path, start, tag)
        try:
            return answer.checked(self.name)
        except BaseException:
            answer.close()
            raise


class UrlSource:
    """A file of the web. Redirects lead to https only, and never to this machine or its link's addresses."""

    def __init__(self, url: str, tls: ssl.SSLContext | None = None) -> None:
        self._url = url
        self._tls = tls or ssl.create_default_context()
        self.name = urlsplit(url).hostname or url

    def open(self, start: int, tag: str) -> HttpAnswer:
        url = self._url
        for redirects in range(MOST_REDIRECTS + 1):
            parts = urlsplit(url)
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            answer = _asked(self._connected(url, redirected=redirects > 0), path, start, tag)
            try:
                target = answer.redirect()
                if target is None:
                    return answer.checked(self.name)
                url = _next_address(url, target)
            except BaseException:
                answer.close()
                raise
            answer.close()
        raise SoftwareError(f"{self.name} redirects more than {MOST_REDIRECTS} times; check the address.")

    def _connected(self, url: str, *, redirected: bool) -> http.client.HTTPConnection:
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        host, port = parts.hostname or "", parts.port or (443 if secure else 80)
        raw = (
            _connect_to_others(host, port)
            if redirected
            else socket.create_connection((host, port), SILENCE_S)
        )
        connection = http.client.HTTPConnection(host, port, timeout=SILENCE_S)
        try:
            connection.sock = self._tls.wrap_socket(raw, server_hostname=host) if secure else raw
        except ssl.SSLCertVerificationError as error:
            raise SoftwareError(
                f"The certificate of {host} cannot be trusted ({error.verify_message}); nothing was fetched."
            ) from None
        return connection


def _next_address(url: str, redirect: str) -> str:
    target = urljoin(url, redirect)
    parts = urlsplit(target)
    if parts.scheme != "https" or not parts.hostname:
        raise SoftwareError(
            f"{urlsplit(url).hostname} redirects to an address that is not https; nothing was fetched."
        )
    return target


def _connect_to_others(host: str, port: int) -> socket.socket:
    """A connection to another machine than this one: a redirect must not reach what listens only here."""
    trouble: OSError = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        if not may_be_redirected_to(str(address[0])):
            raise SoftwareError(f"A redirect leads to {host}, an address of this machine or its link.")
        connection = socket.socket(family, kind, protocol)
        connection.settimeout(SILENCE_S)
        try:
            connection.connect(address)
        except OSError as error:
            connection.close()
            trouble = error
        else:
            return connection
    raise trouble


def may_be_redirected_to(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return not (found.is_loopback or found.is_link_local or found.is_unspecified or found.is_multicast)


def _asked(connection: http.client.HTTPConnection, path: str, start: int, tag: str) -> HttpAnswer:
    headers = {"User-Agent": f"deployflow-agent/{__version__}", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
        if tag:
            headers["If-Range"] = tag
    # It has its socket; without one it would open another, and that without TLS.
    connection.auto_open = 0
    try:
        connection.request("GET", path, headers=headers)
        return HttpAnswer(connection, connection.getresponse())
    except BaseException:
        connection.close()
        raise


def _check_status(response: http.client.HTTPResponse, name: str) -> None:
    if response.status in (_WHOLE, _PART):
        return
    if response.status == _NOT_SO_FAR:
        raise ShorterError(f"the file of {name} has become shorter")
    if response.status in _TRY_AGAIN:
        raise http.client.HTTPException(f"{name} answered {response.status} {response.reason}")
    raise SoftwareError(f"{name} answered {response.status} {response.reason}; nothing was fetched.")


@dataclass
class FileAnswer:
    start: int
    total: int | None
    tag: str
    _file: IO[bytes]

    def read(self, size: int) -> bytes:
        return self._file.read(size)

    def close(self) -> None:
        self._file.close()


class FileSource:
    """A file on this machine or on a share. It is only read."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self.name = path

    def open(self, start: int, tag: str) -> FileAnswer:
        try:
            status = self._path.stat()
        except (FileNotFoundError, NotADirectoryError):
            raise SoftwareError(f"There is no file {self.name}.") from None
        except PermissionError:
            raise SoftwareError(f"The file {self.name} may not be read by this step's user.") from None
        if not stat.S_ISREG(status.st_mode):
            raise SoftwareError(f"{self.name} is not a file.")
        now = f"{status.st_size} {status.st_mtime_ns}"
        begin = start if now == tag and start <= status.st_size else 0
        try:
            file = self._path.open("rb")
        except PermissionError:
            raise SoftwareError(f"The file {self.name} may not be read by this step's user.") from None
        file.seek(begin, os.SEEK_SET)
        return FileAnswer(begin, status.st_size, now, file)
