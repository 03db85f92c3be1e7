"""Which version is the newer one."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.software.versions import DEBIAN, NUMBERS, RPM, compare, is_at_least

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the same on every system")

SCHEMES = (DEBIAN, RPM, NUMBERS)
versions = st.text("0129.~^+-:aZ_ ", max_size=12)
debian_versions = st.from_regex(r"([0-3]:)?[0-9][0-9a-c.+~]{0,6}(-[0-9a-c.+~]{1,4})?", fullmatch=True)


@pytest.mark.parametrize("scheme", SCHEMES)
@given(versions, versions)
def test_it_does_not_matter_who_is_asked_first(scheme: str, one: str, other: str) -> None:
    assert compare(one, other, scheme) == -compare(other, one, scheme)
    assert compare(one, one, scheme) == 0


@pytest.mark.parametrize("scheme", SCHEMES)
@given(versions, versions, versions)
def test_versions_stand_in_one_order(scheme: str, one: str, two: str, three: str) -> None:
    if compare(one, two, scheme) >= 0 and compare(two, three, scheme) >= 0:
        assert compare(one, three, scheme) >= 0
    if compare(one, two, scheme) == 0:
        assert compare(one, three, scheme) == compare(two, three, scheme)


@pytest.mark.skipif(not shutil.which("dpkg"), reason="its judge is dpkg")
@settings(max_examples=60)
@given(debian_versions, debian_versions)
def test_debian_versions_are_seen_as_dpkg_sees_them(one: str, other: str) -> None:
    word = {-1: "lt", 0: "eq", 1: "gt"}[compare(one, other, DEBIAN)]
    assert subprocess.run(["dpkg", "--compare-versions", one, word, other], check=False).returncode == 0


@pytest.mark.parametrize(
    ("older", "newer", "scheme"),
    [
        ("1.0~rc1", "1.0", DEBIAN),
        ("1.9", "1.10", DEBIAN),
        ("1.0-1", "1.0-1ubuntu1", DEBIAN),
        ("9.9", "1:0.1", DEBIAN),
        ("1.0~rc1", "1.0", RPM),
        ("1.0", "1.0^git1", RPM),
        ("1.0^git1", "1.0.1", RPM),
        ("1.0a", "1.0.1", RPM),
        ("5.2-1.el9", "5.2-10.el9", RPM),
        ("24.08", "24.9", NUMBERS),
        ("7.2.0", "7.2.0.1", NUMBERS),
        ("v1.2 build 9", "v1.2 build 10", NUMBERS),
    ],
)
def test_what_is_newer(older: str, newer: str, scheme: str) -> None:
    assert compare(older, newer, scheme) == -1


def test_a_release_is_at_least_its_version() -> None:
    assert is_at_least("7.2-1", "7.2", DEBIAN)
    assert is_at_least("5.2-1.el9", "5.2", RPM)
    assert is_at_least("7.2", "7.2.0", NUMBERS)
    assert is_at_least("", "", NUMBERS)
    assert not is_at_least("", "1", NUMBERS)
