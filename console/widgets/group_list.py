"""Groups of things that are alike: how many, their state, and a sample of what they have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFontMetrics, QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from console.shell.theme import Theme, theme

Index = QModelIndex | QPersistentModelIndex
_GROUP = Qt.ItemDataRole.UserRole + 1
_COUNT_WIDTH, _PILL_WIDTH, _PILL_HEIGHT, _GAP = 56, 92, 20, 12


@dataclass(frozen=True)
class GroupLine:
    """`sample` is a line of output, or where `is_output` is false a sentence; `note` stands below it."""

    key: str
    count: int
    word: str
    tone: str
    sample: str
    note: str
    is_output: bool = True
    whole: str = ""


class GroupList(QListView):
    """`chosen_changed()`; several groups may be chosen. `opened()` is Enter or a double click. Choice and
    scroll position stay where the same groups come again."""

    chosen_changed = Signal()
    opened = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self._items = QStandardItemModel(self)
        self.setModel(self._items)
        self.setItemDelegate(_Painter(theme(), self))
        self.selectionModel().selectionChanged.connect(lambda *_: self.chosen_changed.emit())
        self.activated.connect(lambda _index: self.opened.emit())
        theme().changed.connect(self.viewport().update)

    @property
    def lines(self) -> list[GroupLine]:
        return [self._items.item(at).data(_GROUP) for at in range(self._items.rowCount())]

    def chosen(self) -> list[GroupLine]:
        """In the order shown."""
        rows = sorted(index.row() for index in self.selectionModel().selectedIndexes())
        return [self._items.item(row).data(_GROUP) for row in rows]

    def choose(self, keys: Sequence[str]) -> None:
        model, flags = self.selectionModel(), QItemSelectionModel.SelectionFlag
        model.clearSelection()
        for at, line in enumerate(self.lines):
            if line.key in keys:
                model.setCurrentIndex(self._items.index(at, 0), flags.Select)

    def show_lines(self, lines: Sequence[GroupLine]) -> None:
        if [line.key for line in lines] != [line.key for line in self.lines]:
            self._rebuild(lines)
            return
        for at, line in enumerate(lines):
            if self._items.item(at).data(_GROUP) != line:
                _fill(self._items.item(at), line)

    def _rebuild(self, lines: Sequence[GroupLine]) -> None:
        chosen, scrolled = [line.key for line in self.chosen()], self.verticalScrollBar().value()
        self._items.setRowCount(0)
        for line in lines:
            item = QStandardItem()
            _fill(item, line)
            self._items.appendRow(item)
        self.choose(chosen)
        self.verticalScrollBar().setValue(scrolled)


def _fill(item: QStandardItem, line: GroupLine) -> None:
    item.setText(line.sample)
    item.setData(line, _GROUP)
    item.setToolTip(line.whole or line.sample)
    spoken = f"{line.count:,}. {line.word}. {line.sample}. {line.note}"
    item.setData(spoken, Qt.ItemDataRole.AccessibleTextRole)


class _Painter(QStyledItemDelegate):
    def __init__(self, worn: Theme, view: GroupList) -> None:
        super().__init__(view)
        self._theme, self._view = worn, view

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(0, 2 * self._theme.line_height + 2 * self._theme.gap)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        line: GroupLine = index.data(_GROUP)
        worn, tokens, area = self._theme, self._theme.tokens, option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.fillRect(area, tokens.accent_tint if chosen else tokens.surface)
        painter.fillRect(QRect(area.left(), area.bottom(), area.width(), 1), tokens.line)
        if self._view.hasFocus() and self._view.currentIndex().row() == index.row():
            painter.fillRect(QRect(area.left(), area.top(), 3, area.height() - 1), tokens.accent)
        count = QRect(area.left() + worn.gap, area.top(), _COUNT_WIDTH, area.height())
        self._text(painter, count, "title", f"{line.count:,}", tokens.text, Qt.AlignmentFlag.AlignRight)
        pill = QRect(count.right() + _GAP, area.center().y() - _PILL_HEIGHT // 2, _PILL_WIDTH, _PILL_HEIGHT)
        self._pill(painter, pill, line, chosen)
        left = pill.right() + _GAP
        width = area.right() - worn.margin - left
        first = QRect(left, area.top() + worn.gap, width, worn.line_height)
        role = "mono" if line.is_output else "body"
        self._text(painter, first, role, line.sample, tokens.text if line.is_output else tokens.muted)
        second = first.translated(0, worn.line_height)
        self._text(painter, second, "secondary", line.note, tokens.muted)
        painter.restore()

    def _pill(self, painter: QPainter, area: QRect, line: GroupLine, chosen: bool) -> None:
        word, tint = self._theme.tokens.tone(line.tone)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.tokens.surface if chosen and line.tone == "accent" else tint)
        painter.drawRoundedRect(QRectF(area), area.height() / 2, area.height() / 2)
        self._text(painter, area, "secondary", line.word, word, Qt.AlignmentFlag.AlignHCenter)

    def _text(
        self,
        painter: QPainter,
        area: QRect,
        role: str,
        text: str,
        color: Any,
        side: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
    ) -> None:
        font = self._theme.font(role)
        painter.setFont(font)
        painter.setPen(color)
        shown = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, side | Qt.AlignmentFlag.AlignVCenter, shown)
