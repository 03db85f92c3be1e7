"""Where agents reach the service, and moving it."""

from __future__ import annotations

import asyncio
import ipaddress

import msgspec

from backend_lite.contract.enroll import AgentEndpoint, AgentEndpointUpdate
from backend_lite.contract.live import AGENT_ENDPOINT
from backend_lite.core import agent_endpoint
from backend_lite.core.addresses import agent_url, machine_addresses
from backend_lite.core.events.bus import Changed, EventBus
from backend_lite.errors import InvalidError


class Endpoint:
    """The listener for agents as people see it."""

    def __init__(self, listener: agent_endpoint.AgentEndpoint, bus: EventBus) -> None:
        self._listener = listener
        self._bus = bus

    @property
    def ca_pem(self) -> str:
        return self._listener.identity.ca_pem

    async def view(self) -> AgentEndpoint:
        # On a machine with many interfaces the system takes its time to list them.
        addresses = await asyncio.to_thread(machine_addresses)
        listener = self._listener
        return AgentEndpoint(
            host=listener.host,
            port=listener.port,
            url=agent_url(listener.host, listener.port, addresses),
            pin=listener.identity.pin,
            addresses=addresses,
        )

    async def move(self, wanted: AgentEndpointUpdate) -> AgentEndpoint:
        """Raises InvalidError for what is no address of this machine, ConflictError for a taken port."""
        host = _checked_host(wanted.host)
        if not 0 <= wanted.port <= 65535:
            raise InvalidError("A port is a number from 1 to 65535; 0 keeps the one there is.")
        await self._listener.move(host, wanted.port)
        now = await self.view()
        self._bus.publish([Changed(AGENT_ENDPOINT, now.id, msgspec.to_builtins(now))])
        return now


def _checked_host(host: str) -> str:
    try:
        return str(ipaddress.ip_address(host.strip()))
    except ValueError:
        raise InvalidError(
            f'"{host[:100]}" is not an IP address. Choose one of this machine\'s addresses, '
            "or 0.0.0.0 for all of them."
        ) from None
