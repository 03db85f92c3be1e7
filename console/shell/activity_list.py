"""The lines of the activity panel, each with a bar in the colours of what became of its parts."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QStandardItem,
    QStandardItemModel,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from console.core.activity import Activity
from console.core.own_rights import Need
from console.core.texts import tr
from console.shell.needing import follow, gate
from console.shell.op_runner import OpHandle
from console.shell.theme import Theme
from console.widgets.segment_bar import paint_shares

Index = QModelIndex | QPersistentModelIndex

ACTIVITY = Qt.ItemDataRole.UserRole + 1
HANDLE = Qt.ItemDataRole.UserRole + 2
_MARGIN, _GAP, _CANCEL = 16, 20, 24


class ActivityList(QListView):
    """A click or Enter opens a rollout. The cross at the end of a line, Delete or the menu cancel what still
    goes on: `cancelled(handle)` an operation of this window, `cancel_wanted(rollout_id)` a rollout, for which
    `needed` has to be met."""

    opened = Signal(int)
    cancelled = Signal(object)
    cancel_wanted = Signal(int)

    def __init__(self, theme: Theme, needed: Need) -> None:
        super().__init__()
        self._needed = needed
        self.setAccessibleName(tr("What is running now"))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setMouseTracking(True)
        self._items = QStandardItemModel(self)
        self.setModel(self._items)
        self.setItemDelegate(_Painter(theme, self))
        self.activated.connect(self._open)
        self.show_lines([])
        follow(self, needed, lambda _met: self.viewport().update())

    def show_lines(self, lines: list[tuple[Activity, OpHandle | None]]) -> None:
        """Lines are changed in place, so that choice and scroll position stay."""
        if not lines:
            self._items.setRowCount(0)
            self._items.appendRow(_empty())
            return
        for row, (activity, handle) in enumerate(lines):
            item = self._items.item(row)
            if item is None or item.data(ACTIVITY) is None:
                item = QStandardItem()
                self._items.setItem(row, item)
            if item.data(ACTIVITY) != activity:
                item.setText(activity.title)
                item.setData(activity, ACTIVITY)
                spoken = f"{activity.title}. {activity.text}. {activity.note}"
                item.setData(spoken, Qt.ItemDataRole.AccessibleTextRole)
            item.setData(handle, HANDLE)
        self._items.setRowCount(len(lines))

    def cancel_area(self, index: Index) -> QRect:
        """Where the cross of a line is."""
        line = self.visualRect(index)
        return QRect(line.right() - _MARGIN - _CANCEL, line.top(), _CANCEL, line.height())

    def menu_of(self, index: Index) -> QMenu | None:
        activity: Activity | None = index.data(ACTIVITY)
        if activity is None:
            return None
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if activity.rollout_id is not None:
            menu.addAction(tr("Open the rollout")).triggered.connect(lambda _checked: self._open(index))
        if activity.is_open:
            cancel = menu.addAction(tr("Cancel…"))
            cancel.triggered.connect(lambda _checked: self._cancel(index))
            if activity.rollout_id is not None:
                gate(cancel, self._needed)
        return menu

    def can_cancel(self, index: Index) -> bool:
        activity: Activity | None = index.data(ACTIVITY)
        if activity is None or not activity.is_open:
            return False
        return activity.rollout_id is None or self._needed.is_met

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete:
            self._cancel(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        if event.button() is not Qt.MouseButton.LeftButton or not index.isValid():
            return
        if self.can_cancel(index) and self.cancel_area(index).contains(event.position().toPoint()):
            self._cancel(index)
        elif not event.modifiers():
            self._open(index)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if by_key else self.indexAt(event.pos())
        menu = self.menu_of(index)
        if menu is not None and menu.actions():
            corner = self.viewport().mapToGlobal(self.visualRect(index).bottomLeft())
            menu.popup(corner if by_key else event.globalPos())

    def _open(self, index: Index) -> None:
        activity: Activity | None = index.data(ACTIVITY)
        if activity is not None and activity.rollout_id is not None:
            self.opened.emit(activity.rollout_id)

    def _cancel(self, index: Index) -> None:
        activity: Activity | None = index.data(ACTIVITY)
        if activity is None or not self.can_cancel(index):
            return
        if activity.rollout_id is not None:
            self.cancel_wanted.emit(activity.rollout_id)
        else:
            self.cancelled.emit(index.data(HANDLE))


def _empty() -> QStandardItem:
    item = QStandardItem(tr("Nothing is running."))
    item.setFlags(Qt.ItemFlag.ItemIsEnabled)
    return item


class _Painter(QStyledItemDelegate):
    def __init__(self, theme: Theme, view: ActivityList) -> None:
        super().__init__(view)
        self._theme, self._view = theme, view

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, self._theme.row_height)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        theme, area = self._theme, option.rect
        activity: Activity | None = index.data(ACTIVITY)
        if activity is not None and activity.stands_out:
            painter.fillRect(area, theme.tokens.warning_tint)
        if option.state & QStyle.StateFlag.State_Selected and activity is not None:
            painter.fillRect(area, theme.tokens.accent_tint)
        painter.setFont(theme.font("body"))
        inside = area.adjusted(_MARGIN, 0, -_MARGIN, 0)
        if activity is None:
            painter.setPen(theme.color("muted"))
            painter.drawText(inside, Qt.AlignmentFlag.AlignVCenter, str(index.data()))
        else:
            self._paint_line(painter, inside.adjusted(0, 0, -_CANCEL - _GAP, 0), activity)
            if self._view.can_cancel(index):
                self._paint_cross(painter, index, option)
            painter.fillRect(area.left(), area.bottom(), area.width(), 1, theme.tokens.line)
        painter.restore()

    def _paint_line(self, painter: QPainter, area: QRect, activity: Activity) -> None:
        quarter = area.width() // 4
        columns = [
            QRect(area.left() + quarter * n, area.top(), quarter - _GAP, area.height()) for n in range(4)
        ]
        self._text(painter, columns[0], activity.title, "text")
        paint_shares(painter, QRectF(columns[1]), _shares(activity))
        self._text(painter, columns[2], activity.text, "muted")
        tone = "muted" if activity.tone in ("idle", "good") else activity.tone
        painter.setFont(self._theme.font("strong" if activity.stands_out else "body"))
        self._text(painter, columns[3], activity.note, tone)

    def _paint_cross(self, painter: QPainter, index: Index, option: QStyleOptionViewItem) -> None:
        area, size = self._view.cancel_area(index), self._theme.icon_size
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        box = QRect(area.center().x() - size // 2, area.center().y() - size // 2, size, size)
        self._theme.icon("close", "bad" if hovered else "muted").paint(painter, box)

    def _text(self, painter: QPainter, area: QRect, text: str, color: str) -> None:
        painter.setPen(self._theme.color(color))
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, shown)


def _shares(activity: Activity) -> list[tuple[str, float]]:
    if activity.busy:
        return [("accent", 1.0)]
    return [("good", activity.good), ("bad", activity.bad), ("accent", activity.running)]
