"""Under which addresses of this machine agents elsewhere may find the service."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable

import psutil

from backend_lite.contract.enroll import AgentAddress

LOOPBACK, LAN, PUBLIC = "loopback", "lan", "public"
_SCOPES = (LAN, PUBLIC, LOOPBACK)
# Interfaces that lead to containers, virtual machines and tunnels on this machine, not to its network.
_VIRTUAL = ("docker", "br-", "veth", "virbr", "vmnet", "vbox", "vethernet", "tun", "tap", "wg", "zt", "cni")


def machine_addresses() -> list[AgentAddress]:
    """The addresses of the interfaces that are up, those that other machines most likely reach first."""
    states = psutil.net_if_stats()
    found = [
        AgentAddress(entry.address, interface, scope)
        for interface, entries in psutil.net_if_addrs().items()
        if interface not in states or states[interface].isup
        for entry in entries
        if entry.family in (socket.AF_INET, socket.AF_INET6) and (scope := scope_of(entry.address))
    ]
    return sorted(found, key=reach)


def scope_of(address: str) -> str | None:
    """`loopback`, `lan` or `public`; None for addresses nobody elsewhere can use."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        # A link-local address with its zone, on systems that write it so.
        return None
    if ip.is_loopback:
        return LOOPBACK
    if ip.is_link_local or ip.is_unspecified or ip.is_multicast:
        return None
    return PUBLIC if ip.is_global else LAN


def agent_url(host: str, port: int, addresses: Iterable[AgentAddress]) -> str:
    """The base address to hand to agents for a service that listens on `host` and `port`."""
    return base_url("https", host, port, addresses)


def base_url(scheme: str, host: str, port: int, addresses: Iterable[AgentAddress]) -> str:
    """What others call a listener on `host` and `port`."""
    if host in ("0.0.0.0", "::"):  # noqa: S104
        usable = (one.address for one in addresses if host == "::" or ":" not in one.address)
        host = next(usable, "127.0.0.1")
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def reach(one: AgentAddress) -> tuple[int, bool, bool, str, str]:
    """Sorts addresses: the smaller, the more likely other machines reach the service there."""
    virtual = one.interface.lower().startswith(_VIRTUAL)
    return _SCOPES.index(one.scope), virtual, ":" in one.address, one.interface, one.address
