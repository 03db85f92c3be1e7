"""A small chart with its name and its present value, for a person who would rather look than read."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from console.shell.parts import column, label, row
from console.shell.theme import theme
from console.widgets.segment_bar import SegmentBar
from console.widgets.sparkline import paint_sparkline

_HEIGHT = 44
_FILL = 28
"""Opacity of the area under the line, of 255."""
_RATHER_FULL, _NEARLY_FULL = 0.8, 0.92


class AreaChart(QWidget):
    """The newest `room` samples from left to right, 0 to `top`; the newest is at the right edge."""

    def __init__(self, name: str, color: str = "accent", *, top: float = 100.0, room: int = 60) -> None:
        super().__init__()
        self._color, self._top, self._room = color, top, room
        self.samples: Sequence[float] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(name)
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(160, _HEIGHT)

    def show_samples(self, samples: Sequence[float]) -> None:
        self.samples = samples
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        tokens = theme().tokens
        area = QRectF(self.rect()).adjusted(0, 2, 0, -1)
        painter.setPen(tokens.line)
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        color: QColor = getattr(tokens, self._color)
        fill = QColor(color)
        fill.setAlpha(_FILL)
        paint_sparkline(
            painter, area, self.samples, color, top=self._top, room=self._room, width=1.6, fill=fill
        )


class Gauge(QWidget):
    """How full something is: a bar under its title, with the value in words at the right."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.value = label("", "secondary")
        self.bar = SegmentBar(title)
        self.setLayout(column(row(label(title, "header"), None, self.value), self.bar, None, gap=8))

    def show_value(self, value: str, percent: float | None) -> None:
        """Much is a warning, nearly all of it is bad."""
        self.value.setText(value)
        share = (percent or 0.0) / 100
        tone = "bad" if share >= _NEARLY_FULL else "warning" if share >= _RATHER_FULL else "accent"
        self.bar.show_shares([(tone, share)], value)


class Meter(QWidget):
    """A chart under its title, with the present value in words at the right."""

    def __init__(self, title: str, color: str = "accent", *, room: int = 60) -> None:
        super().__init__()
        self._title = title
        self.value = label("", "secondary")
        self.chart = AreaChart(title, color, room=room)
        self.setLayout(column(row(label(title, "header"), None, self.value), self.chart, gap=4))

    def show_value(self, value: str, samples: Sequence[float]) -> None:
        """`samples` in percent."""
        self.value.setText(value)
        self.chart.setAccessibleDescription(value)
        self.chart.show_samples(samples)
