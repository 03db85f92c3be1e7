"""Where the service may call: the public network, the private one where an owner named the address, and this
machine where that is where such servers are at home."""

from __future__ import annotations

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_PRIVATE = tuple(
    map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"))
)
_GLOBAL_6 = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")


def may_call(address: Address, *, private: bool, this_machine: bool = False) -> bool:
    """Whether a call may go there. Links and groups never; `private` allows the LAN, `this_machine` the
    loopback addresses."""
    return all(_is_open(one, private, this_machine) for one in _meant(address))


def _is_open(address: Address, private: bool, this_machine: bool) -> bool:
    if address.is_loopback:
        return this_machine
    if any(address.version == network.version and address in network for network in _PRIVATE):
        return private
    if address.is_multicast or not address.is_global:
        return False
    return address.version == 4 or address in _GLOBAL_6


def _meant(address: Address) -> list[Address]:
    """The address itself, or where a gateway or this system would take it: IPv4 inside IPv6."""
    if isinstance(address, ipaddress.IPv4Address) or address.is_loopback:
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address in _NAT64 or address in _COMPATIBLE:
        return [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)]
    if address.sixtofour is not None:
        return [address, address.sixtofour]
    return [address, *(address.teredo or ())]
