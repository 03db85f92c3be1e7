"""Counts down after a refusal for being too fast."""

from __future__ import annotations

import math

from PySide6.QtCore import QObject, QTimer, Signal

from console.core.errors import ApiError
from console.core.texts import plural


class TooFast(QObject):
    """`told(sentence)` follows each second, with an empty sentence once the next try is worth it."""

    told = Signal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._left_s = 0
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.timeout.connect(self.tick)

    @property
    def waits(self) -> bool:
        return self._left_s > 0

    def took(self, refusal: ApiError) -> bool:
        """Whether it is such a refusal; then it is told from now on."""
        if refusal.status != 429 or not refusal.retry_after:
            return False
        self._left_s = math.ceil(refusal.retry_after)
        self._timer.start()
        self._tell()
        return True

    def tick(self) -> None:
        self._left_s = max(0, self._left_s - 1)
        if not self._left_s:
            self._timer.stop()
        self._tell()

    def _tell(self) -> None:
        self.told.emit(
            plural(
                self._left_s,
                "Too many failed sign-ins. Try again in {count} second.",
                "Too many failed sign-ins. Try again in {count} seconds.",
            )
            if self._left_s
            else ""
        )
