"""Fixtures: a fresh loop of Qt and asyncio for each test. A conftest takes them by importing them."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

import pytest
import qasync
from PySide6.QtWidgets import QApplication

T = TypeVar("T")

DEADLINE_S = 60.0
"""Ends what hangs, and measures nothing: a machine that is busy with other tests takes many times as long."""


class _Loop(qasync.QEventLoop):  # type: ignore[misc]
    """Runs, as far as anybody can ask, from the beginning of the test to its end, as it does in a window:
    clicks, timers and requests under way, which Qt delivers between two runs of a test, ask for it."""

    def run_forever(self) -> Any:
        try:
            return super().run_forever()
        finally:
            asyncio._set_running_loop(self)


@pytest.fixture
def loop(qapp: QApplication) -> Iterator[qasync.QEventLoop]:
    loop = _Loop(qapp)
    asyncio.set_event_loop(loop)
    asyncio._set_running_loop(loop)
    yield loop
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    asyncio._set_running_loop(None)
    loop.close()
    asyncio.set_event_loop(None)


@pytest.fixture
def run(loop: qasync.QEventLoop) -> Callable[..., Any]:
    def run_(work: Coroutine[Any, Any, T], deadline_s: float = DEADLINE_S) -> T:
        result: T = loop.run_until_complete(asyncio.wait_for(work, deadline_s))
        return result

    return run_
