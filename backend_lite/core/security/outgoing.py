"""Calls of the service to others: only where `may_call` says, to the very address that was checked, without
redirects, and with an end to their size and time."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import ipaddress
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import SplitResult, urlsplit

import structlog

from backend_lite.core.security.reachable import may_call
from backend_lite.errors import InvalidError, ServiceError

log = structlog.get_logger(__name__)

LARGEST_ANSWER = 1 << 20
PATIENCE_S = 10.0
WHOLE_S = 20.0
"""With the time that name servers take, for which nothing else sets an end."""
_pool = ThreadPoolExecutor(8, thread_name_prefix="outgoing")
# Threads of their own: strangers make such calls by signing in, and files must not wait for who is not there.
_PORTS = {"http": 80, "https": 443}
_URL_TEXT = re.compile(r"[!-~]{1,2000}")

Resolve = Callable[[str, int], Sequence[str]]
Dial = Callable[[str, int, float], socket.socket]


class OutgoingError(ServiceError):
    """The other side cannot be reached, or answers what cannot be taken."""

    status = 502
    code = "outgoing_failed"


@dataclass(frozen=True, slots=True)
class OutgoingAnswer:
    """`headers` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def _resolve(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def _dial(address: str, port: int, timeout_s: float) -> socket.socket:
    return socket.create_connection((address, port), timeout_s)


@dataclass(frozen=True)
class OutgoingCalls:
    """`own_ports` are those that the service listens on: no address of any machine is called there, for it
    may be this one's."""

    own_ports: Callable[[], frozenset[int]] = frozenset
    resolve: Resolve = _resolve
    dial: Dial = _dial
    trust: Callable[[], ssl.SSLContext] = field(default=ssl.create_default_context)

    async def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        private: bool = False,
    ) -> OutgoingAnswer:
        """`private`: an owner configured this URL, so that it may lead into the LAN.

        Raises InvalidError for where calls may not go, OutgoingError for what happens there. A redirect is
        an answer like any other.
        """
        target = parsed(url)
        self._refuse_own(target.port)
        try:
            async with asyncio.timeout(WHOLE_S):
                work = partial(self._call, method, target, dict(headers or {}), body, private)
                return await asyncio.get_running_loop().run_in_executor(_pool, work)
        except TimeoutError as error:
            raise OutgoingError(f"{target.host} cannot be reached: no answer in {WHOLE_S:.0f} s.") from error

    def connect_near(self, host: str, port: int, timeout_s: float) -> socket.socket:
        """A connection to a server that an owner named, on this machine, in its LAN or beyond. Waits.

        Raises InvalidError for where connections may not go, OSError for what happens there.
        """
        self._refuse_own(port)
        return self.dial(self._checked(host, port, private=True, this_machine=True), port, timeout_s)

    def _refuse_own(self, port: int) -> None:
        if port in self.own_ports():
            raise InvalidError("The address leads to this service itself.", code="refused_address")

    def _call(
        self, method: str, target: _Target, headers: dict[str, str], body: bytes | None, private: bool
    ) -> OutgoingAnswer:
        try:
            address = self._checked(target.host, target.port, private=private)
            with self._connected(target, address) as connected, _ends(connected):
                if isinstance(connected, ssl.SSLSocket):
                    connected.do_handshake()
                connection = http.client.HTTPConnection(target.host, target.port)
                connection.sock = connected
                connection.request(method, target.path, body, headers | {"Connection": "close"})
                return _read(connection.getresponse())
        except (OSError, http.client.HTTPException, ValueError) as error:
            if isinstance(error, ssl.SSLError):
                log.warning(
                    "the TLS of another side was not accepted", host=target.host, reason=_reason(error)
                )
            raise OutgoingError(f"{target.host} cannot be reached: {_reason(error)}.") from error

    def _checked(self, host: str, port: int, *, private: bool, this_machine: bool = False) -> str:
        """An address of the host that may be called, so that a second answer of its DNS changes nothing."""
        for address in self.resolve(host, port):
            plain = ipaddress.ip_address(address.partition("%")[0])
            if may_call(plain, private=private, this_machine=this_machine):
                return address
        refused = "an address of no machine" if this_machine else "this machine"
        if not private:
            refused += " or its own network"
        raise InvalidError(
            f"The service does not call {host[:100]}: it leads to {refused}, or nowhere.",
            code="refused_address",
        )

    def _connected(self, target: _Target, address: str) -> socket.socket:
        plain = self.dial(address, target.port, PATIENCE_S)
        if not target.tls:
            return plain
        try:
            return self.trust().wrap_socket(plain, server_hostname=target.host, do_handshake_on_connect=False)
        except BaseException:
            plain.close()
            raise


@dataclass(frozen=True, slots=True)
class _Target:
    host: str
    port: int
    path: str
    tls: bool


def parsed(url: str) -> _Target:
    """Raises InvalidError for what is no plain http or https address."""
    parts, port = _split(url)
    if parts is None or parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
        raise InvalidError("Write an address such as https://login.example.org/path.", code="invalid_url")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return _Target(parts.hostname, port or _PORTS[parts.scheme], path, parts.scheme == "https")


def _split(url: str) -> tuple[SplitResult | None, int | None]:
    if not _URL_TEXT.fullmatch(url):
        return None, None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None, None
    return parts, port


@contextlib.contextmanager
def _ends(connected: socket.socket) -> Iterator[None]:
    """Cuts the connection after PATIENCE_S, also where each of its bytes comes in time."""
    cut = threading.Event()

    def end() -> None:
        cut.set()
        with contextlib.suppress(OSError):
            connected.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(PATIENCE_S, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if cut.is_set():
            raise TimeoutError(f"no whole answer within {PATIENCE_S:.0f} s")


def _read(answer: http.client.HTTPResponse) -> OutgoingAnswer:
    body = answer.read(LARGEST_ANSWER + 1)
    if len(body) > LARGEST_ANSWER:
        raise ValueError(f"the answer is larger than {LARGEST_ANSWER:,} bytes")
    if answer.length:
        raise http.client.IncompleteRead(body, answer.length)
    headers = {name.lower(): value for name, value in answer.getheaders()}
    return OutgoingAnswer(answer.status, headers, body)


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__).rstrip(".")
