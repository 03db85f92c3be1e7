"""Dialogs are as high as what they show, and never higher than the screen."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDialog

_AROUND = 64
"""Of the screen's height: the frame of the dialog, and a little air."""


class FittingDialog(QDialog):
    """Of a fixed width. Left to itself Qt guesses the height of wrapped text from another width, and leaves
    gaps; what is said later makes it higher."""

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.resize(self.width(), self._wanted())

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest and self.isVisible():
            self.resize(self.width(), max(self.height(), self._wanted()))
        return done

    def _wanted(self) -> int:
        layout = self.layout()
        if layout is None:
            return self.height()
        layout.activate()
        words = layout.totalHeightForWidth(self.width())
        room = self.screen().availableSize().height() - _AROUND
        return min(words if words >= 0 else layout.totalSizeHint().height(), room)
