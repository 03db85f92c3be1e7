"""The matches under the search box, in groups."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from console.core.texts import tr
from console.shell.palette import Found
from console.shell.theme import Theme, set_role

Index = QModelIndex | QPersistentModelIndex

FOUND = Qt.ItemDataRole.UserRole + 1
LINE = 32
TITLE_LINE = 28


class SearchResults(QListView):
    """`picked(found)`. The search box keeps the focus and moves the choice from there."""

    picked = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        set_role(self, "palette")
        self.setAccessibleName(tr("Matches"))
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._items = QStandardItemModel(self)
        self.setModel(self._items)
        self.setItemDelegate(_Painter(theme, self))
        self.clicked.connect(self._pick)

    def show_found(self, found: list[Found]) -> None:
        self._items.clear()
        group = ""
        for item in found:
            if item.group != group:
                group = item.group
                self._items.appendRow(_plain(group))
            self._items.appendRow(_line(item))
        if not found:
            self._items.appendRow(_plain(tr("Nothing matches.")))
        self.setCurrentIndex(next(self._choices(), QModelIndex()))

    def wanted_height(self) -> int:
        lines = (self._items.item(row).data(FOUND) for row in range(self._items.rowCount()))
        return sum(TITLE_LINE if found is None else LINE for found in lines) + 10

    def move(self, step: int) -> None:  # type: ignore[override]
        """To the next choice, or the one before; round at the ends."""
        choices = list(self._choices())
        if choices:
            at = choices.index(self.currentIndex()) if self.currentIndex() in choices else -1
            self.setCurrentIndex(choices[(at + step) % len(choices)])
            self.scrollTo(self.currentIndex())

    def pick(self) -> None:
        self._pick(self.currentIndex())

    def _pick(self, index: Index) -> None:
        found = index.data(FOUND)
        if found is not None:
            self.picked.emit(found)

    def _choices(self) -> Iterator[QModelIndex]:
        for row in range(self._items.rowCount()):
            item = self._items.item(row)
            if item.data(FOUND) is not None:
                yield item.index()


def _plain(text: str) -> QStandardItem:
    item = QStandardItem(text)
    item.setFlags(Qt.ItemFlag.NoItemFlags)
    return item


def _line(found: Found) -> QStandardItem:
    item = QStandardItem(found.title)
    item.setData(found, FOUND)
    item.setData(f"{found.group}: {found.title} {found.secondary}", Qt.ItemDataRole.AccessibleTextRole)
    return item


class _Painter(QStyledItemDelegate):
    def __init__(self, theme: Theme, view: SearchResults) -> None:
        super().__init__(view)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, LINE if index.data(FOUND) else TITLE_LINE)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area: QRect = option.rect.adjusted(2, 0, -2, 0)
        found: Found | None = index.data(FOUND)
        if found is None:
            painter.setFont(self._theme.font("group"))
            painter.setPen(self._theme.color("faint"))
            painter.drawText(area.adjusted(10, 0, 0, -3), Qt.AlignmentFlag.AlignBottom, str(index.data()))
        else:
            chosen = bool(option.state & QStyle.StateFlag.State_Selected)
            self._paint_line(painter, area, found, chosen)
        painter.restore()

    def _paint_line(self, painter: QPainter, area: QRect, found: Found, chosen: bool) -> None:
        theme = self._theme
        if chosen:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.tokens.accent_tint)
            painter.drawRoundedRect(area, 6, 6)
        icon = theme.icon(found.icon, "accent" if chosen else "muted")
        icon.paint(painter, QRect(area.left() + 10, area.center().y() - 7, 16, 16))
        painter.setFont(theme.font("body"))
        painter.setPen(theme.color("accent" if chosen else "text"))
        room = area.adjusted(36, 0, -12, 0)
        metrics = painter.fontMetrics()
        title = metrics.elidedText(found.title, Qt.TextElideMode.ElideRight, room.width() * 2 // 3)
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, title)
        painter.setFont(theme.font("secondary"))
        painter.setPen(theme.color("muted"))
        rest = room.adjusted(metrics.horizontalAdvance(title) + 16, 0, 0, 0)
        second = painter.fontMetrics().elidedText(found.secondary, Qt.TextElideMode.ElideRight, rest.width())
        painter.drawText(rest, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, second)
