"""The listener for agents: where it is, who it claims to be, and how it moves."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
import structlog
from litestar.types import ASGIApp

from backend_lite.core.http.door import Door
from backend_lite.core.http.listener import Listener, bind
from backend_lite.core.security.ca import ServiceIdentity, open_identity
from backend_lite.errors import ConflictError, InvalidError, StartError

log = structlog.get_logger(__name__)

Remember = Callable[[str, int], Awaitable[None]]
LOOPBACK = "127.0.0.1"
_LOOK_S = 6 * 3600.0
"""How often somebody looks whether the leaf is to be renewed: a service may run for years."""


class AgentListener:
    """Implements the AgentEndpoint port. Before `start` it only has an identity, and port 0."""

    def __init__(self, keys: Path, host: str) -> None:
        self._keys = keys
        self._host = host
        self._identity = open_identity(keys, _names_for(host))
        self._listener: Listener | None = None
        self._context: ssl.SSLContext | None = None
        self._looking: asyncio.Task[None] | None = None
        self._app: ASGIApp | None = None
        self._remember: Remember | None = None
        self._moving = asyncio.Lock()
        self._door = Door()

    @property
    def identity(self) -> ServiceIdentity:
        return self._identity

    @property
    def host(self) -> str:
        return self._host

    @property
    def port(self) -> int:
        return self._listener.port if self._listener else 0

    async def start(self, app: ASGIApp, port: int, preferred: int, remember: Remember) -> None:
        """Listen on `port`; 0 takes `preferred` (the one used last) if it is free, else any free one.

        Raises StartError when an explicit port is taken or the host is none of this machine's.
        """
        self._app, self._remember = app, remember
        await self._listen(app, self._bind_first(port, preferred))
        await remember(self._host, self.port)
        self._looking = asyncio.create_task(self._keep_looking(), name="agent listener's leaf")

    async def move(self, host: str, port: int) -> None:
        async with self._moving:
            if self._listener is None or self._app is None or self._remember is None:
                raise ConflictError("The service is not listening for agents.")
            port = port or self.port
            if (host, port) == (self._host, self.port):
                return
            await self._replace(self._listener, self._app, host, port)
            await self._remember(host, port)

    async def renew(self) -> None:
        """Show a new leaf to whoever connects from now on where the old one ends soon. Who is connected
        stays so."""
        async with self._moving:
            renewed = await asyncio.to_thread(open_identity, self._keys, ())
            if self._context is None or renewed.leaf_sha256 == self._identity.leaf_sha256:
                return
            self._context.load_cert_chain(renewed.chain_file, renewed.key_file)
            self._identity = renewed
            log.info("the agent listener has a new leaf")

    async def stop(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        if self._listener is not None:
            await self._listener.stop()

    async def _replace(self, old: Listener, app: ASGIApp, host: str, port: int) -> None:
        same_port = port == old.port
        _check_host(host)
        if same_port:
            # The old socket must go first: a wildcard and a single address cannot share the port.
            await old.stop()
        try:
            bound = _bind(host, port)
        except OSError as error:
            if same_port:
                await self._listen(app, _bind(self._host, port))
            raise ConflictError(f"Port {port} on {host} is taken by another program.") from error
        if not same_port:
            await old.stop()
        self._host = host
        self._identity = open_identity(self._keys, _names_for(host))
        await self._listen(app, bound)
        log.info("agent listener moved", host=host, port=port)

    async def _listen(self, app: ASGIApp, bound: list[socket.socket]) -> None:
        self._context = context = self._identity.ssl_context()
        self._listener = Listener(app, bound, lambda: context, door=self._door)
        await self._listener.start()

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            try:
                await self.renew()
            except Exception:
                log.exception("the leaf of the agent listener could not be renewed")

    def _bind_first(self, port: int, preferred: int) -> list[socket.socket]:
        if not port and preferred:
            with contextlib.suppress(OSError):
                return _bind(self._host, preferred)
            log.warning(
                "the agent port used last is taken: agents elsewhere will not find us", port=preferred
            )
        try:
            return _bind(self._host, port)
        except OSError as error:
            raise StartError(
                f"Port {port} on {self._host} cannot be used for agents ({error.strerror}). "
                "Stop the program that holds it, or choose another with --agent-port."
            ) from error


def _bind(host: str, port: int) -> list[socket.socket]:
    """The sockets of a listener on `host`: agents of this machine find it on loopback wherever it moves."""
    first = bind(host, port)
    address = _address(host)
    if address is not None and (address.is_loopback or address.is_unspecified):
        return [first]
    try:
        return [first, bind(LOOPBACK, first.getsockname()[1])]
    except OSError as error:
        log.warning("agents of this machine will not find us on loopback", reason=error.strerror)
        return [first]


def _names_for(host: str) -> set[str]:
    """Addresses the leaf must carry for a listener on `host`."""
    address = _address(host)
    if address is None or not address.is_unspecified:
        return {host}
    return {
        entry.address
        for entries in psutil.net_if_addrs().values()
        for entry in entries
        if entry.family in (socket.AF_INET, socket.AF_INET6) and "%" not in entry.address
    }


def _check_host(host: str) -> None:
    try:
        bind(host, 0).close()
    except (OSError, UnicodeError) as error:
        raise InvalidError(f"{host} is not an address of this machine.") from error


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
