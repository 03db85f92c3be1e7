"""Draws the cells of a live table: texts, pills, tags and sparklines, in the theme's colours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QHelpEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
)

from console.core.formatting import NOTHING
from console.shell.theme import Theme
from console.widgets.segment_bar import paint_shares
from console.widgets.sparkline import paint_sparkline
from console.widgets.table_columns import Cell, Kind, Pill

if TYPE_CHECKING:
    from console.widgets.live_table import LiveTable

PADDING = 10
_PILL_HEIGHT = 20
_TAG_HEIGHT = 20
_CHECK = 16
_CELL, _CELL_GAP = 18, 3
_SHORTEST_AFTER = 40
"""Less than this behind a pill says nothing."""
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_CENTER = Qt.AlignmentFlag.AlignCenter


class TableDelegate(QStyledItemDelegate):
    """Paints everything itself: items of a style sheet sit some pixels off the headers, and are slower."""

    def __init__(self, table: LiveTable, theme: Theme) -> None:
        super().__init__(table)
        self._table = table
        self._theme = theme
        self._fonts: dict[str, tuple[QFont, QFontMetrics]] = {}
        self._widths: dict[str, int] = {}
        self._painters: dict[Kind, Callable[[QPainter, QRect, Any, bool], None]] = {
            Kind.PILL: self._paint_pill,
            Kind.TAGS: self._paint_tags,
            Kind.SPARKLINE: self._paint_sparkline,
            Kind.CHECK: self._paint_check,
            Kind.SHARES: self._paint_shares,
            Kind.CELLS: self._paint_cells,
            Kind.STAR: self._paint_star,
        }

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        tokens = self._theme.tokens
        rect: QRect = option.rect
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.fillRect(rect, tokens.accent_tint if selected else tokens.surface)
        painter.setPen(tokens.line)
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        if self._table.is_focus_cell(index.row(), index.column()):
            painter.fillRect(QRect(rect.topLeft(), QSize(3, rect.height() - 1)), tokens.accent)
        model = self._table.model_
        item, column = model.object_at(index.row()), model.columns[index.column()]
        inside = rect.adjusted(PADDING, 0, -PADDING, -1)
        special = self._painters.get(column.kind)
        if special is not None and column.value is not None:
            special(painter, inside, column.value(item), selected)
        else:
            self._paint_text(painter, inside, column.text(item), column.kind)

    def helpEvent(
        self,
        event: QHelpEvent,
        view: QAbstractItemView,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> bool:
        """Each of several states in one cell says its own words."""
        column = self._table.model_.columns[index.column()] if index.isValid() else None
        if column is None or column.kind is not Kind.CELLS or event.type() != QEvent.Type.ToolTip:
            return super().helpEvent(event, view, option, index)
        found = self.cell_at(index, event.pos().x())
        QToolTip.showText(event.globalPos(), "" if found is None else found.words, view)
        return True

    def cell_at(self, index: QModelIndex | QPersistentModelIndex, x: int) -> Cell | None:
        """That of a CELLS column below the mouse; `x` is in the view."""
        value = self._table.model_.columns[index.column()].value
        cells: Sequence[Cell] = value(self._table.model_.object_at(index.row())) if value is not None else ()
        inside = self._table.visualRect(index).adjusted(PADDING, 0, -PADDING, -1)
        at, offset = divmod(x - inside.left(), _CELL + _CELL_GAP)
        return cells[at] if 0 <= at < len(cells) and offset < _CELL else None

    def sizeHint(self, _option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        column = self._table.model_.columns[index.column()]
        width = self._text_width("body", column.text(self._table.model_.object_at(index.row())))
        return QSize(width + 2 * PADDING + 16, self._theme.row_height)

    def _font(self, role: str) -> tuple[QFont, QFontMetrics]:
        if role not in self._fonts:
            font = self._theme.font(role)
            self._fonts[role] = (font, QFontMetrics(font))
        return self._fonts[role]

    def _text_width(self, role: str, text: str) -> int:
        return self._font(role)[1].horizontalAdvance(text)

    def _paint_text(self, painter: QPainter, area: QRect, text: str, kind: Kind) -> None:
        tokens = self._theme.tokens
        font, metrics = self._font("strong" if kind is Kind.STRONG else "body")
        painter.setFont(font)
        quiet = kind is Kind.MUTED or text == NOTHING
        painter.setPen(tokens.muted if quiet else tokens.text)
        text = text.partition("\n")[0]
        if metrics.horizontalAdvance(text) > area.width():
            text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, _RIGHT if kind is Kind.NUMBER else _LEFT, text)

    def _pill_width(self, word: str) -> int:
        if word not in self._widths:
            if len(self._widths) > 5_000:
                self._widths.clear()
            self._widths[word] = self._text_width("secondary", word) + 16
        return self._widths[word]

    def _paint_pill(self, painter: QPainter, area: QRect, pill: Pill | None, selected: bool) -> None:
        if pill is None:
            self._paint_text(painter, area, NOTHING, Kind.MUTED)
            return
        tokens = self._theme.tokens
        word_color, tint = tokens.tone(pill.tone)
        width = min(self._pill_width(pill.word), area.width())
        box = QRect(area.left(), area.center().y() - _PILL_HEIGHT // 2, width, _PILL_HEIGHT)
        if selected and pill.tone == "accent":
            tint = tokens.surface
        self._rounded(painter, box, _PILL_HEIGHT / 2, tint, None)
        font, metrics = self._font("secondary")
        painter.setFont(font)
        painter.setPen(word_color)
        word = pill.word
        if width < self._pill_width(word):
            word = metrics.elidedText(word, Qt.TextElideMode.ElideRight, width - 8)
        painter.drawText(box, _CENTER, word)
        if pill.after:
            rest = area.adjusted(width + 6, 0, 0, 0)
            if rest.width() >= _SHORTEST_AFTER:
                self._paint_text(painter, rest, pill.after, Kind.MUTED)

    def _paint_tags(self, painter: QPainter, area: QRect, tags: Sequence[str], _selected: bool) -> None:
        tokens = self._theme.tokens
        font, _metrics = self._font("secondary")
        left = area.left()
        for tag in tags:
            width = self._pill_width(tag) - 4
            if left + width > area.right():
                painter.setPen(tokens.faint)
                painter.drawText(QRect(left, area.top(), area.right() - left + 8, area.height()), _LEFT, "…")
                return
            box = QRect(left, area.center().y() - _TAG_HEIGHT // 2, width, _TAG_HEIGHT)
            self._rounded(painter, box, 4, tokens.surface, tokens.border)
            painter.setFont(font)
            painter.setPen(tokens.muted)
            painter.drawText(box, _CENTER, tag)
            left += width + 4

    def _paint_sparkline(
        self, painter: QPainter, area: QRect, samples: Sequence[float], _selected: bool
    ) -> None:
        if not samples:
            self._paint_text(painter, area, NOTHING, Kind.MUTED)
            return
        box = QRectF(area.adjusted(0, 6, 0, -6))
        paint_sparkline(painter, box, samples, self._theme.tokens.accent)

    def _paint_check(self, painter: QPainter, area: QRect, ticked: bool, _selected: bool) -> None:
        tokens = self._theme.tokens
        box = QRect(area.left(), area.center().y() - _CHECK // 2, _CHECK, _CHECK)
        if not ticked:
            self._rounded(painter, box, 4, tokens.surface, tokens.border)
            return
        self._rounded(painter, box, 4, tokens.accent, None)
        self._theme.icon("check", "on_accent").paint(painter, box.adjusted(1, 1, -1, -1))

    def _paint_star(self, painter: QPainter, area: QRect, starred: bool, _selected: bool) -> None:
        box = QRect(area.left(), area.center().y() - _CHECK // 2, _CHECK, _CHECK)
        icon = self._theme.icon("star-filled", "warning") if starred else self._theme.icon("star", "faint")
        icon.paint(painter, box)

    def _paint_shares(
        self, painter: QPainter, area: QRect, shares: Sequence[tuple[str, float]], _selected: bool
    ) -> None:
        paint_shares(painter, QRectF(area), shares)

    def _paint_cells(self, painter: QPainter, area: QRect, cells: Sequence[Cell], _selected: bool) -> None:
        if not cells:
            self._paint_text(painter, area, NOTHING, Kind.MUTED)
            return
        step, font = _CELL + _CELL_GAP, self._font("secondary")[0]
        room = max((area.width() + _CELL_GAP) // step, 1)
        # Where not all of them have room, the last place says how many are missing.
        shown = cells if len(cells) <= room else cells[: room - 1]
        painter.setFont(font)
        for at, cell in enumerate(shown):
            color, tint = self._theme.tokens.tone(cell.tone)
            box = QRect(area.left() + at * step, area.center().y() - _CELL // 2, _CELL, _CELL)
            self._rounded(painter, box, 4, tint, None)
            painter.setPen(color)
            painter.drawText(box, _CENTER, cell.glyph)
        if len(shown) < len(cells):
            rest = area.adjusted(len(shown) * step, 0, PADDING, 0)
            painter.setPen(self._theme.tokens.muted)
            painter.drawText(rest, _LEFT, f"+{len(cells) - len(shown)}")

    def _rounded(
        self, painter: QPainter, box: QRect, radius: float, fill: QColor, edge: QColor | None
    ) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(edge, 1) if edge is not None else Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        area = QRectF(box).adjusted(0.5, 0.5, -0.5, -0.5) if edge is not None else QRectF(box)
        painter.drawRoundedRect(area, radius, radius)
        painter.restore()
