"""Verbs by kinds of things, each with a box: what somebody may do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
)

from backend_lite.contract.rights import ALL_PERMISSIONS, ARTIFACTS, VERBS
from console.core.right_words import artifact_name, right_name, verb_name
from console.core.texts import tr
from console.shell.theme import theme

_BOX = 16
_NAMES_WIDTH = 130
_LEAST = 6
_TICKED = Qt.ItemDataRole.CheckStateRole
_WORDS = Qt.ItemDataRole.AccessibleTextRole


class RightsTable(QTableWidget):
    """Arrows move, Space or a click ticks, and a click on a head ticks its row or column. `changed` follows
    what a person ticks; `limit` says what may be ticked at all."""

    changed = Signal()

    def __init__(self, title: str) -> None:
        super().__init__(len(ARTIFACTS), len(VERBS))
        self.setAccessibleName(title)
        self._limit = ALL_PERMISSIONS
        self._read_only = False
        self._cells: dict[tuple[int, int], QTableWidgetItem] = {}
        self.setHorizontalHeaderLabels([verb_name(verb) for verb in VERBS])
        self.setVerticalHeaderLabels([artifact_name(artifact) for artifact in ARTIFACTS])
        for row in range(len(ARTIFACTS)):
            for column in range(len(VERBS)):
                self._cells[row, column] = QTableWidgetItem()
                self.setItem(row, column, self._cells[row, column])
        self._set_up()
        self.tick(())

    def tick(self, permissions: Iterable[str]) -> None:
        """These and no others."""
        wanted = set(permissions)
        for permission, item in self._items():
            self._set(permission, item, permission in wanted)

    def ticked(self) -> frozenset[str]:
        return frozenset(permission for permission, item in self._items() if _is_ticked(item))

    def limit(self, permissions: frozenset[str]) -> None:
        """Only these can be ticked, and those that are ticked already can be taken away."""
        self._limit = permissions
        self.tick(self.ticked())

    def set_read_only(self, read_only: bool) -> None:
        self._read_only = read_only
        self.tick(self.ticked())

    def toggle(self, cells: Iterable[tuple[int, int]]) -> None:
        """Tick all of them, or none where all are ticked; what may not be ticked stays as it is."""
        items = [(_permission(*cell), self._cells[cell]) for cell in cells]
        free = [(permission, item) for permission, item in items if self.may_change(permission)]
        if not free:
            return
        ticked = not all(_is_ticked(item) for _, item in free)
        for permission, item in free:
            self._set(permission, item, ticked)
        self.changed.emit()

    def may_change(self, permission: str) -> bool:
        return not self._read_only and permission in self._limit

    def permission_at(self, index: QModelIndex | QPersistentModelIndex) -> str:
        return _permission(index.row(), index.column())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            cells = [(index.row(), index.column()) for index in self.selectedIndexes()]
            self.toggle(cells or [(self.currentRow(), self.currentColumn())])
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        index = self.indexAt(event.position().toPoint())
        plain = event.modifiers() == Qt.KeyboardModifier.NoModifier
        if event.button() == Qt.MouseButton.LeftButton and index.isValid() and plain:
            self.toggle([(index.row(), index.column())])

    def focusInEvent(self, event: QFocusEvent) -> None:
        if not self.currentIndex().isValid():
            self.setCurrentCell(0, 0)
        super().focusInEvent(event)

    def _set_up(self) -> None:
        self.setItemDelegate(_BoxDelegate(self))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setCornerButtonEnabled(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        across, down = self.horizontalHeader(), self.verticalHeader()
        across.setAccessibleName(tr("Verbs"))
        down.setAccessibleName(tr("Kinds of things"))
        across.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        down.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        down.setDefaultSectionSize(theme().row_height_compact)
        down.setFixedWidth(_NAMES_WIDTH)
        down.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.setMinimumHeight(_height(_LEAST))
        for header in (across, down):
            header.setHighlightSections(False)
            header.setSectionsClickable(True)
        across.sectionClicked.connect(lambda at: self.toggle((row, at) for row in range(len(ARTIFACTS))))
        down.sectionClicked.connect(lambda at: self.toggle((at, column) for column in range(len(VERBS))))

    def sizeHint(self) -> QSize:
        """All of it; on a low screen it is scrolled."""
        return QSize(super().sizeHint().width(), _height(len(ARTIFACTS)))

    def _items(self) -> list[tuple[str, QTableWidgetItem]]:
        return [(_permission(*cell), item) for cell, item in self._cells.items()]

    def _set(self, permission: str, item: QTableWidgetItem, ticked: bool) -> None:
        item.setData(_TICKED, Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
        words = {"right": right_name(permission)}
        said = tr("{right}, ticked", **words) if ticked else tr("{right}, not ticked", **words)
        item.setData(_WORDS, said)
        barred = not self._read_only and permission not in self._limit
        item.setToolTip(tr("You do not have this right, so you cannot give it.") if barred else "")


class _BoxDelegate(QStyledItemDelegate):
    def __init__(self, table: RightsTable) -> None:
        super().__init__(table)
        self._table = table

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        tokens, rect = theme().tokens, option.rect
        focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
        painter.fillRect(rect, tokens.accent_tint if focused else tokens.surface)
        painter.setPen(tokens.line)
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        ticked = index.data(_TICKED) == Qt.CheckState.Checked
        box = QRect(0, 0, _BOX, _BOX)
        box.moveCenter(rect.center())
        self._paint_box(painter, box, ticked, self._table.may_change(self._table.permission_at(index)))

    def _paint_box(self, painter: QPainter, box: QRect, ticked: bool, free: bool) -> None:
        tokens = theme().tokens
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if free:
            painter.setPen(QPen(tokens.accent if ticked else tokens.faint, 1))
            painter.setBrush(tokens.accent if ticked else tokens.surface)
            painter.drawRoundedRect(QRectF(box), 4, 4)
        if ticked:
            icon = theme().icon("check", "on_accent" if free else "muted")
            icon.paint(painter, box.adjusted(1, 1, -1, -1))
        elif not free:
            painter.setPen(QPen(tokens.line, 1.6))
            painter.drawLine(box.center().x() - 3, box.center().y(), box.center().x() + 4, box.center().y())
        painter.restore()

    def editorEvent(self, *_args: Any) -> bool:
        """The table ticks by itself: Qt would tick only inside the box that it thinks it has drawn."""
        return False


def _height(rows: int) -> int:
    return theme().row_height + rows * theme().row_height_compact + 2


def _permission(row: int, column: int) -> str:
    return f"{ARTIFACTS[row]}:{VERBS[column]}"


def _is_ticked(item: QTableWidgetItem) -> bool:
    return bool(item.data(_TICKED) == Qt.CheckState.Checked)
