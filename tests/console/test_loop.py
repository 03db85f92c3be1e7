"""The loop that tests of the window run in."""

import asyncio

import qasync
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication


def test_what_qt_delivers_between_two_runs_finds_a_loop_that_runs(
    loop: qasync.QEventLoop, qapp: QApplication
) -> None:
    found: list[object] = []

    async def work() -> None:
        await asyncio.sleep(0)
        found.append(asyncio.current_task())

    task = loop.create_task(work())
    for _ in range(1000):
        qapp.processEvents()
        if found:
            break
    assert found == [task]


def test_a_timer_of_qt_finds_it_between_two_runs_too(loop: qasync.QEventLoop, qapp: QApplication) -> None:
    found: list[object] = []
    QTimer.singleShot(0, lambda: found.append(asyncio.get_running_loop()))
    for _ in range(1000):
        qapp.processEvents()
        if found:
            break
    assert found == [loop]
    loop.run_until_complete(asyncio.sleep(0))
    assert asyncio.get_running_loop() is loop
