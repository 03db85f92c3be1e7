"""How something went over hours or days: a line with its values under the mouse or the keyboard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from console.core import formatting
from console.core.texts import tr
from console.shell.theme import theme

Points = Sequence[tuple[datetime, float | None]]

_HEIGHT = 112
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 8, 10, 20
_FILL = 28
"""Opacity of the area under the line, of 255."""
_LINES = (0.0, 50.0, 100.0)
_MARKS = 6
_PAGE = 12
_DOT = 3.0


class HistoryChart(QWidget):
    """Percent over time; None is a gap. `pointed(at)`: the point under mouse or keyboard, -1 for none;
    charts of the same times can follow each other by `point`. Left and Right go from point to point, with
    Page Up and Page Down farther, Home and End to the ends, Esc points to none."""

    pointed = Signal(int)

    def __init__(self, name: str, color: str, when: Callable[[datetime], str]) -> None:
        """`when` writes a time under the axis."""
        super().__init__()
        self._name, self._color, self._when = name, color, when
        self.points: Points = ()
        self.at = -1
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName(name)
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(320, _HEIGHT)

    def show_points(self, points: Points) -> None:
        """Oldest first, equally far apart."""
        self.points = points
        self.at = min(self.at, len(points) - 1)
        self._tell()

    def point(self, at: int) -> None:
        """Points there, and tells nobody."""
        if at != self.at and at < len(self.points):
            self.at = at
            self._tell()

    def value(self) -> float | None:
        return self.points[self.at][1] if 0 <= self.at < len(self.points) else None

    # ---- what Qt calls

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        area = self._area()
        if self.points and area.width() > 0:
            share = (event.position().x() - area.left()) / area.width()
            self._go(round(min(max(share, 0.0), 1.0) * (len(self.points) - 1)))

    def leaveEvent(self, _event: object) -> None:
        if not self.hasFocus():
            self._go(-1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        last, steps = len(self.points) - 1, _STEPS.get(Qt.Key(event.key()))
        if event.key() == Qt.Key.Key_Escape and self.at >= 0:
            self._go(-1)
        elif event.key() in (Qt.Key.Key_Home, Qt.Key.Key_End) and last >= 0:
            self._go(0 if event.key() == Qt.Key.Key_Home else last)
        elif steps is not None and last >= 0:
            self._go(min(max((last + 1 if self.at < 0 else self.at) + steps, 0), last))
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        area = self._area()
        self._paint_axes(painter, area)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_line(painter, area)
        self._paint_pointer(painter, area)
        if self.hasFocus():
            painter.setPen(theme().tokens.accent)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)

    # ---- inside

    def _area(self) -> QRectF:
        return QRectF(self.rect()).adjusted(_LEFT, _TOP, -_RIGHT, -_BOTTOM)

    def _place(self, area: QRectF, at: int, value: float) -> QPointF:
        x = area.left() + area.width() * at / max(len(self.points) - 1, 1)
        return QPointF(x, area.bottom() - area.height() * min(max(value, 0.0), 100.0) / 100)

    def _paint_axes(self, painter: QPainter, area: QRectF) -> None:
        tokens = theme().tokens
        painter.setFont(theme().font("secondary"))
        for value in _LINES:
            y = area.bottom() - area.height() * value / 100
            painter.setPen(tokens.line)
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(tokens.faint)
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(0, y - 8, _LEFT - 6, 16), right, f"{value:.0f} %")
        for at in self._marks():
            x = self._place(area, at, 0).x()
            place = QRectF(x - 60, area.bottom() + 3, 120, 16)
            painter.drawText(place, Qt.AlignmentFlag.AlignHCenter, self._when(self.points[at][0]))

    def _marks(self) -> list[int]:
        """Points that have their time written below, none so near to an edge that it would be cut."""
        count = len(self.points)
        return [count * n // _MARKS for n in range(1, _MARKS)] if count > _MARKS else []

    def _paint_line(self, painter: QPainter, area: QRectF) -> None:
        color: QColor = getattr(theme().tokens, self._color)
        fill = QColor(color)
        fill.setAlpha(_FILL)
        for part in _parts(self.points):
            line = QPainterPath(self._place(area, *part[0]))
            for one in part[1:]:
                line.lineTo(self._place(area, *one))
            if len(part) == 1:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(color)
                painter.drawEllipse(self._place(area, *part[0]), 1.2, 1.2)
                continue
            below = QPainterPath(line)
            below.lineTo(self._place(area, part[-1][0], 0))
            below.lineTo(self._place(area, part[0][0], 0))
            painter.fillPath(below, fill)
            painter.strokePath(line, QPen(color, 1.6))

    def _paint_pointer(self, painter: QPainter, area: QRectF) -> None:
        if not 0 <= self.at < len(self.points):
            return
        tokens, value = theme().tokens, self.value()
        x = self._place(area, self.at, 0).x()
        painter.setPen(QPen(tokens.muted, 1, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        if value is not None:
            painter.setPen(QPen(tokens.surface, 1.5))
            painter.setBrush(getattr(tokens, self._color))
            painter.drawEllipse(self._place(area, self.at, value), _DOT, _DOT)

    def _go(self, at: int) -> None:
        if at != self.at:
            self.at = at
            self._tell()
            self.pointed.emit(at)

    def _tell(self) -> None:
        self.setAccessibleDescription(self.said())
        self.update()

    def said(self) -> str:
        """The value that is pointed at, with its time; empty when none is."""
        if not 0 <= self.at < len(self.points):
            return ""
        value = self.value()
        what = tr("nothing heard") if value is None else formatting.percent(value)
        return f"{self._when(self.points[self.at][0])}: {what}"


_STEPS = {
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_PageUp: -_PAGE,
    Qt.Key.Key_PageDown: _PAGE,
}


def _parts(points: Points) -> list[list[tuple[int, float]]]:
    """The stretches without a gap, with the place of each point."""
    parts: list[list[tuple[int, float]]] = [[]]
    for at, (_when, value) in enumerate(points):
        if value is not None:
            parts[-1].append((at, value))
        elif parts[-1]:
            parts.append([])
    return [part for part in parts if part]
