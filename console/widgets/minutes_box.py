"""A time limit in minutes, which is kept in seconds."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QSpinBox

from backend_lite.contract.runs import DEFAULT_TIMEOUT_S, MAX_TIMEOUT_S
from console.core.texts import tr

_MINUTE = 60


class MinutesBox(QSpinBox):
    """`edited`: a person changed it. Seconds that are no whole minutes stay until then."""

    edited = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._seconds = DEFAULT_TIMEOUT_S
        self._quiet = False
        self.setRange(1, MAX_TIMEOUT_S // _MINUTE)
        self.setSuffix(tr(" min"))
        # The style sheet's padding does not reach the line inside.
        self.lineEdit().setTextMargins(6, 0, 0, 0)
        self.valueChanged.connect(self._take)

    @property
    def seconds(self) -> int:
        return self._seconds

    def show_seconds(self, seconds: int) -> None:
        self._quiet = True
        self.setValue(max(1, round(seconds / _MINUTE)))
        self._quiet = False
        self._seconds = seconds

    def _take(self, minutes: int) -> None:
        if not self._quiet:
            self._seconds = minutes * _MINUTE
            self.edited.emit()
