"""Garbage is collected by the window's own thread only.

Python collects in whichever thread happens to allocate, and a Qt object that is destroyed by another thread
than its own takes the process with it.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication

INTERVAL_MS = 100
SLOW_S = 0.02
"""Longer than a frame."""
THAW_EVERY_S = 600.0


class GarbageCollector(QObject):
    """Takes over from Python's own collector, with the same thresholds, until it is destroyed.

    With a large fleet a look through everything takes longer than a frame. From the first slow one on, what
    has outlived a collection is set aside, and looked at again only while nobody works in the window.
    """

    def __init__(self, parent: QObject, clock: Callable[[], float] = time.perf_counter) -> None:
        super().__init__(parent)
        self._clock = clock
        self._thresholds = gc.get_threshold()
        self._sets_aside = False
        self._thawed_at = clock()
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setInterval(INTERVAL_MS)
        self._timer.timeout.connect(self.check)
        self._timer.start()
        parent.destroyed.connect(gc.enable)
        parent.destroyed.connect(gc.unfreeze)

    def check(self) -> None:
        """Collects the oldest generation that is due, which takes the younger ones along."""
        counts = gc.get_count()
        due = [generation for generation in (2, 1, 0) if counts[generation] > self._thresholds[generation]]
        if self._sets_aside and self._may_thaw():
            gc.unfreeze()
            self._collect(2)
        elif due:
            self._collect(0 if self._sets_aside else due[0])

    def _collect(self, generation: int) -> None:
        began = self._clock()
        gc.collect(generation)
        now = self._clock()
        if now - began > SLOW_S:
            self._sets_aside = True
        if generation == 2:
            self._thawed_at = now
        if self._sets_aside:
            gc.freeze()

    def _may_thaw(self) -> bool:
        idle = QGuiApplication.applicationState() is not Qt.ApplicationState.ApplicationActive
        return idle and self._clock() - self._thawed_at > THAW_EVERY_S
