"""What holds for every test: no display, no network, the same random numbers on every machine in CI."""

import gc
import os
import sys
from collections.abc import Iterator

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# A person's own keyring is no place for the keys of tests.
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"

import hypothesis
import pytest

from tests.helpers import network, windows_python_setup
from tests.helpers.windows_python import WindowsPython

# Tests, services and agents are started so often that to compile them each time takes minutes.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# What is imported and collected now stays: to look for garbage in it, again and again, takes long.
gc.disable()

hypothesis.settings.register_profile("developer", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "developer")

FOLDERS_WITH_SOCKETS = {"acceptance", "faults", "bench"}
LONG_FIRST = ("faults", "acceptance", "agent")
"""Folders with tests that take long, whole processes among them: of two workers, one would wait for them
at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {folder: place for place, folder in enumerate(LONG_FIRST)}
    items.sort(key=lambda item: places.get(_folder(item), len(places)))


def pytest_collection_finish() -> None:
    gc.freeze()


def _folder(item: pytest.Item) -> str:
    return item.path.relative_to(item.config.rootpath / "tests").parts[0]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Around set-up, call and tear-down, so that fixtures are held to it as well."""
    allowed = _folder(item) in FOLDERS_WITH_SOCKETS or item.get_closest_marker("sockets") is not None
    gc.disable()
    try:
        with network.guard(loopback=allowed):
            return (yield)
    finally:
        _collect_garbage()


def _collect_garbage() -> None:
    """Here and nowhere else: Python collects in whichever thread happens to allocate, and a Qt object that
    ends in a thread of the service's, say, takes the test process with it."""
    due = [
        n
        for n, (count, most) in enumerate(zip(gc.get_count(), gc.get_threshold(), strict=True))
        if count > most
    ]
    if due:
        gc.collect(due[-1])


@pytest.fixture(scope="session")
def windows_python() -> WindowsPython:
    """Windows CPython 3.11 under Wine, with the agent's packages and this project on its path."""
    try:
        return windows_python_setup.windows_python()
    except windows_python_setup.UnavailableError as missing:
        pytest.skip(f"no Windows Python here: {missing}")
