"""What holds for every test: no display, no network, the same random numbers on every machine in CI."""

import os
from collections.abc import Iterator

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import hypothesis
import pytest

from tests.helpers import network

hypothesis.settings.register_profile("developer", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "developer")

FOLDERS_WITH_SOCKETS = {"acceptance", "faults", "bench"}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Around set-up, call and tear-down, so that fixtures are held to it as well."""
    folder = item.path.relative_to(item.config.rootpath / "tests").parts[0]
    allowed = folder in FOLDERS_WITH_SOCKETS or item.get_closest_marker("sockets") is not None
    with network.guard(loopback=allowed):
        return (yield)
