"""Addresses of this endpoint."""

from __future__ import annotations

import ipaddress

import psutil

from agent.wire.messages import NetworkAddress


def addresses() -> tuple[NetworkAddress, ...]:
    """IP addresses others can use, with the hardware address of their interface."""
    found = []
    for interface, entries in sorted(psutil.net_if_addrs().items()):
        mac = next((entry.address for entry in entries if entry.family == psutil.AF_LINK), "")
        for entry in entries:
            if _is_useful(entry.address):
                found.append(NetworkAddress(interface, entry.address, mac.lower().replace("-", ":")))
    return tuple(found)


def _is_useful(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return not (address.is_loopback or address.is_link_local or address.is_unspecified)
