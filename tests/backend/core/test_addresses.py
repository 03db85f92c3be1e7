"""Which address agents are told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_lite.contract.enroll import AgentAddress
from backend_lite.core.addresses import agent_url, machine_addresses, reach, scope_of

EVERY = "0.0.0.0"  # noqa: S104


@pytest.mark.parametrize(
    ("address", "scope"),
    [
        ("127.0.0.1", "loopback"),
        ("::1", "loopback"),
        ("192.168.1.20", "lan"),
        ("10.1.2.3", "lan"),
        ("172.16.0.1", "lan"),
        ("100.64.1.1", "lan"),
        ("fd00::1", "lan"),
        ("8.8.8.8", "public"),
        ("2a00:1450::1", "public"),
        ("169.254.1.1", None),
        ("fe80::1", None),
        ("fe80::1%eth0", None),
        (EVERY, None),
        ("nonsense", None),
    ],
)
def test_the_scope_of_an_address(address: str, scope: str | None) -> None:
    assert scope_of(address) == scope


@given(st.ip_addresses())
def test_every_address_has_a_scope_or_none(address: object) -> None:
    assert scope_of(str(address)) in ("loopback", "lan", "public", None)


def test_the_url_of_a_single_address_is_that_address() -> None:
    assert agent_url("192.168.1.20", 8443, []) == "https://192.168.1.20:8443"
    assert agent_url("fd00::1", 8443, []) == "https://[fd00::1]:8443"


def test_the_url_of_all_addresses_is_the_one_others_most_likely_reach() -> None:
    found = [
        AgentAddress("127.0.0.1", "lo", "loopback"),
        AgentAddress("172.17.0.1", "docker0", "lan"),
        AgentAddress("fd00::5", "eth0", "lan"),
        AgentAddress("8.8.8.8", "eth1", "public"),
        AgentAddress("192.168.1.20", "eth0", "lan"),
    ]
    ranked = sorted(found, key=reach)
    assert agent_url(EVERY, 1, ranked) == "https://192.168.1.20:1"
    assert [one.interface for one in ranked] == ["eth0", "eth0", "docker0", "eth1", "lo"]
    assert agent_url(EVERY, 1, [found[2]]) == "https://127.0.0.1:1"
    assert agent_url("::", 1, [found[2]]) == "https://[fd00::5]:1"


def test_this_machine_has_a_loopback_address_and_no_useless_one() -> None:
    found = machine_addresses()
    assert "loopback" in {one.scope for one in found}
    assert all(scope_of(one.address) == one.scope for one in found)
