import gc
import threading
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from PySide6.QtCore import QObject, Qt, QThread
from PySide6.QtWidgets import QApplication

from console import garbage
from console.garbage import GarbageCollector


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    yield
    gc.enable()
    gc.unfreeze()


class _Cycle(QObject):
    """Only a collection gets rid of it."""

    def __init__(self, ends: list[bool]) -> None:
        super().__init__()
        self.me = self
        self.destroyed.connect(lambda: ends.append(QThread.isMainThread()))


def allocate() -> list[list[int]]:
    """Enough for Python's own collector to set in."""
    return [[n] for n in range(5000)]


def test_another_thread_collects_nothing_however_much_it_allocates(qapp: QApplication) -> None:
    ends: list[bool] = []
    window = QObject()
    collector = GarbageCollector(window)
    gc.collect()
    _Cycle(ends)
    thread = threading.Thread(target=allocate)
    thread.start()
    thread.join()
    assert ends == []
    kept = allocate()
    collector.check()
    assert ends == [True]
    assert kept


def test_python_collects_again_when_the_window_is_gone(qapp: QApplication) -> None:
    window = QObject()
    GarbageCollector(window)
    assert not gc.isenabled()
    del window
    assert gc.isenabled()


def test_what_stays_is_set_aside_once_a_look_through_all_of_it_is_slow(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = Qt.ApplicationState.ApplicationInactive
    monkeypatch.setattr(garbage, "QGuiApplication", SimpleNamespace(applicationState=lambda: state))
    now = [0.0]
    window = QObject()

    def clock() -> float:
        now[0] += garbage.SLOW_S * 2
        return now[0]

    collector = GarbageCollector(window, clock)
    gc.collect()
    gc.unfreeze()
    ends: list[bool] = []
    kept = allocate()
    collector.check()
    assert gc.get_freeze_count() > 5000
    cycle = _Cycle(ends)
    more = allocate()
    collector.check()
    del cycle
    more += allocate()
    collector.check()
    assert ends == []
    # Nobody works in the window: everything is looked at again after a while.
    now[0] += garbage.THAW_EVERY_S
    collector.check()
    assert ends == [True]
    assert kept
    assert more
