"""A bar of shares, such as the progress of a rollout."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from console.shell.theme import theme

_HEIGHT = 6


class SegmentBar(QWidget):
    """`show_shares([("good", 0.8), ("bad", 0.1)])`; what is missing to 1 stays empty.
    The description says the same in words."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._shares: Sequence[tuple[str, float]] = ()
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(160, _HEIGHT)

    def show_shares(self, shares: Sequence[tuple[str, float]], description: str) -> None:
        self._shares = shares
        self.setAccessibleDescription(description)
        self.setToolTip(description)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens = theme().tokens
        area = QRectF(self.rect())
        outline = QPainterPath()
        outline.addRoundedRect(area, _HEIGHT / 2, _HEIGHT / 2)
        painter.setClipPath(outline)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.fillRect(area, tokens.idle_tint)
        left = area.left()
        for tone, share in self._shares:
            width = area.width() * share
            painter.fillRect(QRectF(left, area.top(), width, area.height()), tokens.tone(tone)[0])
            left += width
