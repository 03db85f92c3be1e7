"""The port through which areas see, and move, the listener for agents."""

from __future__ import annotations

from typing import Protocol

from backend_lite.core.security.ca import ServiceIdentity


class AgentEndpoint(Protocol):
    """`host` and `port` are what it listens on; port 0 while the service is not serving."""

    @property
    def identity(self) -> ServiceIdentity:
        """CA, pin and the leaf in use."""

    @property
    def host(self) -> str: ...

    @property
    def port(self) -> int: ...

    async def move(self, host: str, port: int) -> None:
        """Listen on another address from now on and remember it; port 0 keeps the port.

        Open channels are closed: agents come back by themselves. Raises InvalidError when the address is
        none of this machine's, ConflictError when the port is taken; then nothing has changed.
        """
