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


class _Callback:
    """What Qt delivers between two runs of a test, too, finds a loop that runs, as it does in a window.
    Without one a request that is still under way fails, because it asks for the running loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, handle: asyncio.Handle) -> None:
        self._loop = loop
        self._handle = handle

    @property
    def _cancelled(self) -> bool:
        return self._handle.cancelled()

    def _run(self) -> None:
        before = asyncio._get_running_loop()
        asyncio._set_running_loop(self._loop)
        try:
            self._handle._run()
        finally:
            asyncio._set_running_loop(before)


class _Loop(qasync.QEventLoop):  # type: ignore[misc]
    def _add_callback(self, handle: asyncio.Handle, delay: float = 0) -> asyncio.Handle:
        super()._add_callback(_Callback(self, handle), delay)
        return handle


@pytest.fixture
def loop(qapp: QApplication) -> Iterator[qasync.QEventLoop]:
    loop = _Loop(qapp)
    asyncio.set_event_loop(loop)
    yield loop
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    loop.close()
    asyncio.set_event_loop(None)


@pytest.fixture
def run(loop: qasync.QEventLoop) -> Callable[..., Any]:
    def run_(work: Coroutine[Any, Any, T], deadline_s: float = DEADLINE_S) -> T:
        result: T = loop.run_until_complete(asyncio.wait_for(work, deadline_s))
        return result

    return run_
