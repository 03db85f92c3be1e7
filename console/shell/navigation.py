"""The list on the left: the pages, in groups, with counts from the live store."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from console.core import formatting
from console.core.live import LiveStore
from console.core.live_count import LiveCount
from console.core.texts import plural, tr
from console.shell.feature import NavEntry
from console.shell.theme import Theme, set_role

Index = QModelIndex | QPersistentModelIndex

ENTRY = Qt.ItemDataRole.UserRole + 1
COUNT = Qt.ItemDataRole.UserRole + 2
ROW = 28
GROUP_ROW = 34


class Navigation(QListView):
    """`chosen(page_key)`: a person wants that page. `show_place` marks the open one."""

    chosen = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        set_role(self, "navigation")
        self.setAccessibleName(tr("Navigation"))
        self.setModel(QStandardItemModel(self))
        self.setItemDelegate(_Painter(theme, self))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setMouseTracking(True)
        self._counts: list[LiveCount] = []
        self._rows: dict[str, QStandardItem] = {}
        self._showing = False
        self.clicked.connect(self._choose)
        self.selectionModel().currentChanged.connect(lambda index, _: self._choose(index))
        theme.changed.connect(self.viewport().update)

    def fill(self, entries: Iterable[NavEntry], live: LiveStore) -> None:
        """The entries of each group in their order, below its title; groups come as their first ones do."""
        model = self._model()
        # A list that has the focus chooses a line by itself while it is filled.
        self._showing = True
        self.clear_counts()
        model.clear()
        self._rows.clear()
        groups: dict[str, list[NavEntry]] = {}
        for entry in entries:
            groups.setdefault(entry.group, []).append(entry)
        for group, members in groups.items():
            model.appendRow(_title(group))
            for entry in members:
                item = _line(entry)
                model.appendRow(item)
                self._rows[entry.page_key] = item
                if entry.count_of:
                    self._counts.append(LiveCount(live, entry.count_of, _counter(item, entry), entry.counts))
        self.setCurrentIndex(QModelIndex())
        self._showing = False

    def clear_counts(self) -> None:
        for count in self._counts:
            count.stop()
        self._counts.clear()

    def show_place(self, page_key: str) -> None:
        """Marks the entry of a page; a page without one (a single run) leaves the mark where it is."""
        item = self._rows.get(page_key)
        if item is not None:
            self._showing = True
            self.setCurrentIndex(item.index())
            self._showing = False

    def _model(self) -> QStandardItemModel:
        model = self.model()
        assert isinstance(model, QStandardItemModel)
        return model

    def _choose(self, index: Index) -> None:
        entry = index.data(ENTRY)
        if entry is not None and not self._showing:
            self.chosen.emit(entry.page_key)


def _title(group: str) -> QStandardItem:
    item = QStandardItem(group)
    item.setFlags(Qt.ItemFlag.NoItemFlags)
    return item


def _line(entry: NavEntry) -> QStandardItem:
    item = QStandardItem(entry.title)
    item.setData(entry, ENTRY)
    item.setEditable(False)
    return item


def _counter(item: QStandardItem, entry: NavEntry) -> Callable[[int], None]:
    def show(count: int) -> None:
        item.setData(formatting.count(count) if count else "", COUNT)
        spoken = plural(count, "{title}, {count} entry", "{title}, {count} entries", title=entry.title)
        item.setData(spoken, Qt.ItemDataRole.AccessibleTextRole)

    return show


class _Painter(QStyledItemDelegate):
    def __init__(self, theme: Theme, view: Navigation) -> None:
        super().__init__(view)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, ROW if index.data(ENTRY) else GROUP_ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area: QRect = option.rect.adjusted(8, 0, -8, 0)
        if index.data(ENTRY) is None:
            painter.setFont(self._theme.font("group"))
            painter.setPen(self._theme.color("faint"))
            text_area = area.adjusted(8, 8, 0, -4)
            painter.drawText(text_area, Qt.AlignmentFlag.AlignBottom, str(index.data()))
        else:
            self._paint_line(painter, option, index, area)
        painter.restore()

    def _paint_line(self, painter: QPainter, option: QStyleOptionViewItem, index: Index, area: QRect) -> None:
        state: QStyle.StateFlag = option.state
        selected = bool(state & QStyle.StateFlag.State_Selected)
        theme = self._theme
        if selected or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.tokens.accent_tint if selected else theme.tokens.hover)
            painter.drawRoundedRect(area, 6, 6)
        if selected and state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(theme.color("accent"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(area.adjusted(0, 0, -1, -1), 6, 6)
        color: QColor = theme.color("accent" if selected else "text")
        icon = theme.icon(index.data(ENTRY).icon, "accent" if selected else "muted")
        icon.paint(painter, QRect(area.left() + 8, area.center().y() - 7, 16, 16))
        painter.setPen(color)
        painter.setFont(theme.font("strong" if selected else "body"))
        painter.drawText(area.adjusted(33, 0, -40, 0), Qt.AlignmentFlag.AlignVCenter, str(index.data()))
        painter.setPen(color if selected else theme.color("faint"))
        painter.setFont(theme.font("secondary"))
        where = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.drawText(area.adjusted(0, 0, -8, 0), where, str(index.data(COUNT) or ""))
