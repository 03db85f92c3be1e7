"""The third listener, for boot firmware: off unless somebody switches it on, remembered over restarts."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket

import msgspec
import structlog
from litestar.types import ASGIApp
from sqlalchemy.orm import Session

from backend_lite.contract.images import BootEndpoint, BootEndpointUpdate
from backend_lite.contract.live import BOOT_ENDPOINT
from backend_lite.core.addresses import base_url, machine_addresses
from backend_lite.core.audit.record import Audit, Entity
from backend_lite.core.db.database import Database
from backend_lite.core.db.meta import get_meta, set_meta
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import Changed, EventBus
from backend_lite.core.http.listener import Listener, bind
from backend_lite.errors import ConflictError, InvalidError

log = structlog.get_logger(__name__)

CONNECTIONS = 200
_KEY = "boot_endpoint"


class Boot:
    """The listener as people see it. Before `start` nothing listens."""

    def __init__(self, database: Database, bus: EventBus, app: ASGIApp, audit: Audit) -> None:
        self._database = database
        self._bus = bus
        self._audit = audit
        self._app = app
        self._wanted = BootEndpointUpdate(enabled=False)
        self._listener: Listener | None = None
        self._problem = ""
        self._changing = asyncio.Lock()

    async def start(self) -> None:
        """Listen as it was asked for last; a problem is told and stops nothing else."""
        async with self._changing:
            self._wanted = await self._database.read(_read)
            if self._wanted.enabled:
                await self._listen_anyway()

    async def stop(self) -> None:
        async with self._changing:
            await self._close()

    async def view(self) -> BootEndpoint:
        wanted, listener = self._wanted, self._listener
        addresses = await asyncio.to_thread(machine_addresses)
        port = listener.port if listener else wanted.port
        url = base_url("http", wanted.host, port, addresses) if listener else ""
        return BootEndpoint(wanted.enabled, wanted.host, port, url, self._problem)

    async def change(self, wanted: BootEndpointUpdate) -> BootEndpoint:
        """Raises InvalidError for what is no address of this machine, ConflictError for a taken port: then
        it listens where it did."""
        host = _checked_host(wanted.host)
        if not 0 <= wanted.port <= 65535:
            raise InvalidError("A port is a number from 1 to 65535; 0 keeps the one there was.")
        async with self._changing:
            before = self._wanted
            # The old socket must go first: a wildcard and a single address cannot share the port.
            await self._close()
            try:
                await self._move(BootEndpointUpdate(wanted.enabled, host, wanted.port), before.port)
            except Exception as error:
                if before.enabled:
                    await self._listen_anyway()
                if not isinstance(error, OSError):
                    raise
                raise _refusal(host, wanted.port, error) from error
            now = self._wanted
            await self._database.write(lambda unit: self._remember(unit, before, now))
        view = await self.view()
        self._bus.publish([Changed(BOOT_ENDPOINT, view.id, msgspec.to_builtins(view))])
        return view

    def _remember(self, unit: Unit, before: BootEndpointUpdate, now: BootEndpointUpdate) -> None:
        set_meta(unit.session, _KEY, msgspec.json.encode(now).decode())
        self._audit.tell(unit, "boot.update", Entity(BOOT_ENDPOINT, ""), before=before, after=now)

    async def _move(self, wanted: BootEndpointUpdate, last_port: int) -> None:
        port = wanted.port or last_port
        if wanted.enabled:
            try:
                await self._listen(wanted.host, port)
            except OSError:
                if wanted.port or not last_port:
                    raise
                await self._listen(wanted.host, 0)
            port = self._listener.port if self._listener else port
        self._problem = ""
        self._wanted = BootEndpointUpdate(wanted.enabled, wanted.host, port)

    async def _listen_anyway(self) -> None:
        host, port = self._wanted.host, self._wanted.port
        try:
            await self._listen(host, port)
            self._problem = ""
        except OSError as error:
            self._problem = _refusal(host, port, error).detail
            log.warning("no listener for boot firmware", reason=self._problem)

    async def _listen(self, host: str, port: int) -> None:
        self._listener = Listener(self._app, [bind(host, port)], connections=CONNECTIONS)
        await self._listener.start()
        log.info("listening for boot firmware", host=host, port=self._listener.port)

    async def _close(self) -> None:
        if self._listener is not None:
            await self._listener.stop()
            self._listener = None


def _read(session: Session) -> BootEndpointUpdate:
    kept = get_meta(session, _KEY)
    return msgspec.json.decode(kept, type=BootEndpointUpdate) if kept else BootEndpointUpdate(enabled=False)


def _checked_host(host: str) -> str:
    try:
        return str(ipaddress.ip_address(host.strip()))
    except ValueError:
        raise InvalidError(
            f'"{host[:100]}" is not an IP address. Choose one of this machine\'s addresses, '
            "or 0.0.0.0 for all of them."
        ) from None


def _refusal(host: str, port: int, error: OSError) -> InvalidError | ConflictError:
    if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        return InvalidError(f"{host} is not an address of this machine.")
    return ConflictError(
        f"Port {port} on {host} cannot be used for boot files ({error.strerror}). Stop the program that "
        "holds it, or choose another port.",
        code="port_taken",
    )
