"""The lines of the activity panel, each with a bar in the colours of what became of its parts."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPainterPath, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from console.core.activity import Activity
from console.core.texts import tr
from console.shell.op_runner import OpHandle
from console.shell.theme import Theme

Index = QModelIndex | QPersistentModelIndex

ACTIVITY = Qt.ItemDataRole.UserRole + 1
HANDLE = Qt.ItemDataRole.UserRole + 2
BAR_HEIGHT = 6


class ActivityList(QListView):
    """Enter or a double click opens a rollout; Delete cancels an operation of this window."""

    opened = Signal(int)
    cancelled = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setAccessibleName(tr("What is running now"))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._items = QStandardItemModel(self)
        self.setModel(self._items)
        self.setItemDelegate(_Painter(theme, self))
        self.activated.connect(self._open)
        self.show_lines([])

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

    def keyPressEvent(self, event: QKeyEvent) -> None:
        handle = self.currentIndex().data(HANDLE)
        if event.key() == Qt.Key.Key_Delete and handle is not None:
            self.cancelled.emit(handle)
        else:
            super().keyPressEvent(event)

    def _open(self, index: Index) -> None:
        activity: Activity | None = index.data(ACTIVITY)
        if activity is not None and activity.rollout_id is not None:
            self.opened.emit(activity.rollout_id)


def _empty() -> QStandardItem:
    item = QStandardItem(tr("Nothing is running."))
    item.setFlags(Qt.ItemFlag.ItemIsEnabled)
    return item


class _Painter(QStyledItemDelegate):
    def __init__(self, theme: Theme, view: ActivityList) -> None:
        super().__init__(view)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, self._theme.row_height)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme, area = self._theme, option.rect
        activity: Activity | None = index.data(ACTIVITY)
        if option.state & QStyle.StateFlag.State_Selected and activity is not None:
            painter.fillRect(area, theme.tokens.accent_tint)
        painter.setFont(theme.font("body"))
        inside = area.adjusted(16, 0, -16, 0)
        if activity is None:
            painter.setPen(theme.color("muted"))
            painter.drawText(inside, Qt.AlignmentFlag.AlignVCenter, str(index.data()))
        else:
            self._paint_line(painter, inside, activity)
            painter.fillRect(area.left(), area.bottom(), area.width(), 1, theme.tokens.line)
        painter.restore()

    def _paint_line(self, painter: QPainter, area: QRect, activity: Activity) -> None:
        quarter = area.width() // 4
        columns = [
            QRect(area.left() + quarter * n, area.top(), quarter - 20, area.height()) for n in range(4)
        ]
        self._text(painter, columns[0], activity.title, "text")
        bar = QRectF(
            columns[1].left(), area.center().y() - BAR_HEIGHT / 2 + 1, columns[1].width(), BAR_HEIGHT
        )
        self._bar(painter, bar, activity)
        self._text(painter, columns[2], activity.text, "muted")
        self._text(painter, columns[3], activity.note, "accent" if activity.tone == "accent" else "muted")

    def _text(self, painter: QPainter, area: QRect, text: str, color: str) -> None:
        painter.setPen(self._theme.color(color))
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, shown)

    def _bar(self, painter: QPainter, area: QRectF, activity: Activity) -> None:
        tokens = self._theme.tokens
        shape = QPainterPath()
        shape.addRoundedRect(area, BAR_HEIGHT / 2, BAR_HEIGHT / 2)
        painter.setClipPath(shape)
        painter.fillRect(area, tokens.idle_tint)
        left = area.left()
        for share, color in (
            (activity.good, tokens.good),
            (activity.bad, tokens.bad),
            (
                1.0 if activity.busy else activity.running,
                tokens.accent_tint if activity.busy else tokens.accent,
            ),
        ):
            width = area.width() * share
            painter.fillRect(QRectF(left, area.top(), width, area.height()), color)
            left += width
        painter.setClipping(False)
