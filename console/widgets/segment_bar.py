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
        paint_shares(QPainter(self), QRectF(self.rect()), self._shares)


def paint_shares(painter: QPainter, area: QRectF, shares: Sequence[tuple[str, float]]) -> None:
    """A bar in the middle of `area`. Painter and clip are left as they were."""
    tokens = theme().tokens
    bar = QRectF(area.left(), area.center().y() - _HEIGHT / 2, area.width(), _HEIGHT)
    outline = QPainterPath()
    outline.addRoundedRect(bar, _HEIGHT / 2, _HEIGHT / 2)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setClipPath(outline, Qt.ClipOperation.IntersectClip)
    painter.fillRect(bar, tokens.idle_tint)
    left = bar.left()
    for tone, share in shares:
        width = bar.width() * share
        painter.fillRect(QRectF(left, bar.top(), width, bar.height()), tokens.tone(tone)[0])
        left += width
    painter.restore()
