"""A text as a square to scan with a phone."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from console.shell.tokens import LIGHT

_MODULE = 4
_QUIET = 4
"""Modules of empty space around it, as the standard wants."""


class QrCode(QWidget):
    """As large as its text needs; nothing until `show_text`, and again after an empty one."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._modules: Sequence[Sequence[int]] = ()
        self.show_text("")

    def show_text(self, text: str) -> None:
        self._modules = _modules(text) if text else ()
        side = (len(self._modules) + 2 * _QUIET) * _MODULE
        self.setFixedSize(side, side)
        self.setVisible(bool(text))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        # Dark on light also in the dark window: not every phone reads it the other way round.
        painter.fillRect(self.rect(), LIGHT.surface)
        for down, line in enumerate(self._modules, _QUIET):
            for across, dark in enumerate(line, _QUIET):
                if dark:
                    painter.fillRect(across * _MODULE, down * _MODULE, _MODULE, _MODULE, LIGHT.text)


def _modules(text: str) -> Sequence[Sequence[int]]:
    # Few people set up a second factor, and everybody opens the window.
    import segno

    return segno.make_qr(text, error="m").matrix
