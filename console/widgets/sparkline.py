"""A line of samples without axes, for cells and small charts."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen, QPolygonF


def points(samples: Sequence[float], area: QRectF, top: float, room: int) -> QPolygonF:
    """The newest of at most `room` samples at the right edge; 0 is the bottom of `area`, `top` its top."""
    shown = list(samples)[-room:]
    step = area.width() / max(room - 1, 1)
    left = area.right() - step * (len(shown) - 1)
    scale = area.height() / (top or 1.0)
    bottom = area.bottom()
    return QPolygonF(
        [
            QPointF(left + at * step, bottom - min(max(value, 0.0), top) * scale)
            for at, value in enumerate(shown)
        ]
    )


def paint_sparkline(
    painter: QPainter,
    area: QRectF,
    samples: Sequence[float],
    color: QColor,
    *,
    top: float = 100.0,
    room: int = 60,
    width: float = 1.3,
    fill: QColor | None = None,
) -> None:
    if not samples:
        return
    # A single sample is a short line too, so that there is something to see.
    line = points([*samples, samples[-1]] if len(samples) == 1 else samples, area, top, room)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if fill is not None:
        under = QPolygonF(line)
        under.append(QPointF(line.last().x(), area.bottom()))
        under.append(QPointF(line.first().x(), area.bottom()))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QBrush(fill))
        painter.drawPolygon(under)
    pen = QPen(color, width)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolyline(line)
    painter.restore()
