"""The harness, on a loop of its own; and the whole service over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from tests.backend.fleet.conftest import Fleet, fleet_service
from tests.backend.runs.harness import Harness
from tests.backend.runs.site import Site

__all__ = ["fleet_service", "play", "site"]

Scenario = Callable[[Harness], Awaitable[None]]


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Callable[[Scenario], None]]:
    """`play(scenario)` runs the coroutine function against a fresh service core."""

    def run(scenario: Scenario) -> None:
        async def whole() -> None:
            harness = Harness(tmp_path / "data")
            try:
                await scenario(harness)
            finally:
                harness.close()

        asyncio.run(whole())

    yield run


@pytest.fixture
def site(fleet_service: Fleet) -> Site:
    return Site(fleet_service)
