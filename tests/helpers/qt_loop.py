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


@pytest.fixture
def loop(qapp: QApplication) -> Iterator[qasync.QEventLoop]:
    loop = qasync.QEventLoop(qapp)
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
