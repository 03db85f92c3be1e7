"""Keeps tests off the network: nothing in a unit test, the loopback interface where a test asks for it.

Python's own sockets are watched through audit events, so that libraries are held to it too. A loop that goes
around `socket` (uvloop) is not seen here; tests that start one carry the marker anyway.
"""

import contextlib
import ipaddress
import sys
from collections.abc import Iterator

WATCHED = {"socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"}
LOOKED_UP = {"socket.getaddrinfo", "socket.gethostbyname"}


class NetworkUseError(Exception):
    """A test reached for the network. Not an OSError: the code under test would handle that."""


class _Policy:
    active = False
    loopback = False


@contextlib.contextmanager
def guard(*, loopback: bool) -> Iterator[None]:
    # On Windows even a socket pair, and with it every asyncio loop, is made of two TCP sockets.
    _Policy.active, _Policy.loopback = True, loopback or sys.platform == "win32"
    try:
        yield
    finally:
        _Policy.active = False


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    if not _Policy.active or not event.startswith("socket."):
        return
    if event in WATCHED:
        _check_address(event, arguments[1])
    elif event in LOOKED_UP and not is_loopback(arguments[0]):
        raise NetworkUseError(f"{event} of {arguments[0]!r}: tests know no host but this one")


def _check_address(event: str, address: object) -> None:
    if not isinstance(address, tuple):
        return
    if not _Policy.loopback:
        raise NetworkUseError(
            f"{event} {address!r} in a unit test; give it a port of ours or mark it 'sockets'"
        )
    if not is_loopback(address[0]):
        raise NetworkUseError(f"{event} {address!r}: tests stay on the loopback interface")


def is_loopback(host: object) -> bool:
    if host is None or host in {"localhost", b"localhost"}:
        return True
    try:
        return ipaddress.ip_address(host.decode() if isinstance(host, bytes) else str(host)).is_loopback
    except ValueError:
        return False


sys.addaudithook(_audit)
