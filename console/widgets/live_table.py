"""The live table: 100,000 rows that change under the reader's eyes without moving away."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QItemSelectionRange,
    QPoint,
    QSettings,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QShortcut,
)
from PySide6.QtWidgets import QAbstractItemView, QApplication, QHeaderView, QMenu, QTableView

from console.core.live import LiveBatch
from console.core.own_rights import Need
from console.core.texts import tr
from console.shell.needing import follow, gate
from console.shell.theme import theme
from console.widgets.dragging import drag_objects
from console.widgets.table_columns import Column, Kind, Object
from console.widgets.table_delegate import TableDelegate
from console.widgets.table_header import TableHeader
from console.widgets.table_model import TableModel
from console.widgets.table_text import as_csv, as_text

_TICK_MS = 1_000
MANY = 1_000
"""With more selected rows Qt takes longer to move each of them than to begin anew."""


class LiveTable(QTableView):
    """`search_of` gives the text that the filter looks at, from the fields `searched` only if they are named.

    `opened(id)`: Enter or a double click. `selection_changed()` also follows rows that go away.

    `typed(text)`: a letter was pressed, which belongs into the filter box. `menu_opening(menu)`: add what
    can be done with the selection. `ticked(ids)`: a box of a CHECK or STAR column was pressed, or Space.
    """

    opened = Signal(int)
    selection_changed = Signal()
    typed = Signal(str)
    menu_opening = Signal(QMenu)
    ticked = Signal(list)

    def __init__(
        self,
        name: str,
        title: str,
        columns: Sequence[Column],
        search_of: Callable[[Object], str],
        settings: QSettings | None = None,
        *,
        searched: Sequence[str] = (),
        sort: str | None = None,
        descending: bool = False,
    ) -> None:
        super().__init__()
        keys = [column.key for column in columns]
        self.model_ = TableModel(columns, search_of, keys.index(sort) if sort else 0, searched=searched)
        self.model_.setParent(self)
        self.model_.order.descending = descending
        self.model_.visible = self._visible_positions
        self.model_.start_anew = lambda: self.selected_count() > MANY
        self._drag_kind = ""
        self._pressed: QPoint | None = None
        self._kept: tuple[list[int], int | None, tuple[int, int] | None] = ([], None, None)
        self.setModel(self.model_)
        self.setAccessibleName(title)
        self._set_up()
        self.header = TableHeader(self, self.model_, name, settings)
        self.header.setAccessibleName(tr("Columns of {title}", title=title))
        self.setHorizontalHeader(self.header)
        self.header.sort_wanted.connect(self.model_.sort_by)
        self.header.arrange()
        self.model_.modelAboutToBeReset.connect(self._keep)
        self.model_.modelReset.connect(self._restore)
        self.model_.layoutAboutToBeChanged.connect(self._keep_anchor)
        self.model_.layoutChanged.connect(self._restore_anchor)
        self.model_.rowsAboutToBeInserted.connect(self._keep_anchor)
        self.model_.rowsInserted.connect(self._restore_anchor)
        self.model_.rowsAboutToBeRemoved.connect(self._keep_anchor)
        self.model_.rowsRemoved.connect(self._restore_anchor)
        self.doubleClicked.connect(lambda index: self.opened.emit(self.model_.id_at(index.row())))
        self._ticker = QTimer(self)
        self._ticker.timeout.connect(self.viewport().update)
        theme().changed.connect(self.viewport().update)

    # ---- for pages

    def take(self, batch: LiveBatch) -> None:
        self.model_.take(batch.changed, batch.removed, reset=batch.reset)

    def allow_drag(self, kind: str, need: Need) -> None:
        """Selected rows can be dragged away, as objects of that kind: see `console.widgets.dragging`. `need`
        is that of what happens where they are dropped."""

        def let(may: bool) -> None:
            self._drag_kind = kind if may else ""

        follow(self, need, let)

    def on_key(
        self, keys: str, run: Callable[[], object], need: Need | None = None, *, repeats: bool = True
    ) -> None:
        """While the table itself has the focus, and with the right that it takes; `repeats` while the key is
        held down."""
        shortcut = QShortcut(QKeySequence(keys), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
        shortcut.setAutoRepeat(repeats)
        shortcut.activated.connect(run)
        if need is not None:
            gate(shortcut, need)

    def tick(self, every_ms: int = _TICK_MS) -> None:
        """Cells show the time: repaint them so often while the table is seen."""
        self._ticker.setInterval(every_ms)
        if self.isVisible():
            self._ticker.start()

    def selected_ids(self) -> list[int]:
        """In the order shown."""
        positions: set[int] = set()
        for part in self._selected_parts():
            positions.update(range(part.top(), part.bottom() + 1))
        return self.model_.order.ids_at(sorted(positions))

    def selected_count(self) -> int:
        return sum(part.height() for part in self._selected_parts())

    def selected_objects(self) -> list[Object]:
        return [item for key in self.selected_ids() if (item := self.model_.get(key)) is not None]

    def current_id(self) -> int | None:
        index = self.currentIndex()
        return self.model_.id_at(index.row()) if index.isValid() else None

    def select(self, object_ids: Iterable[int]) -> None:
        """Selects these, makes the first current and scrolls to it."""
        ids = list(object_ids)
        current = self.model_.position_of(ids[0]) if ids else None
        if current is not None:
            self.setCurrentIndex(self.model_.index(current, self._first_column()))
        self._select_ids(ids)

    def export_columns(self) -> list[Column]:
        """The columns as they are shown."""
        return [self.model_.columns[at] for at in self.header.visible_columns()]

    def csv(self) -> str:
        """Every shown row."""
        return as_csv(self.export_columns(), self.model_.shown_objects())

    def copy_text(self) -> None:
        QGuiApplication.clipboard().setText(as_text(self.export_columns(), self.selected_objects()))

    def copy_csv(self) -> None:
        QGuiApplication.clipboard().setText(as_csv(self.export_columns(), self.selected_objects()))

    def is_focus_cell(self, row: int, column: int) -> bool:
        """True for the first cell of the current row while the table has the keyboard."""
        current = self.currentIndex()
        return current.row() == row and self.hasFocus() and column == self._first_column()

    # ---- what Qt calls

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moving = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_text()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if (current := self.current_id()) is not None:
                self.opened.emit(current)
        elif event.key() == Qt.Key.Key_Space and self._check_column() is not None:
            self.ticked.emit(self.selected_ids())
        elif event.modifiers() == moving and event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.header.shift(self.currentIndex().column(), -1 if event.key() == Qt.Key.Key_Left else 1)
        elif event.key() in (Qt.Key.Key_Home, Qt.Key.Key_End) and not event.modifiers():
            # Without Ctrl these would go to the first and the last column, which a row has no use for.
            self._go_to(0 if event.key() == Qt.Key.Key_Home else self.model_.rowCount() - 1)
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        self._pressed = None
        if index.isValid() and index.column() == self._check_column():
            self.ticked.emit([self.model_.id_at(index.row())])
            self.setCurrentIndex(index)
            return
        can_drag = self._drag_kind and index.isValid() and event.button() == Qt.MouseButton.LeftButton
        if can_drag and not event.modifiers():
            self._pressed = event.position().toPoint()
            if self.selectionModel().isSelected(index):
                # Whether these are dragged, or only this one is meant, shows later.
                return
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            super().mouseMoveEvent(event)
            return
        way = event.position().toPoint() - self._pressed
        if way.manhattanLength() >= QApplication.startDragDistance():
            self._pressed = None
            drag_objects(self, self._drag_kind, self.selected_ids())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._pressed is not None:
            self._pressed = None
            self.setCurrentIndex(self.indexAt(event.position().toPoint()))
        super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        if self._drag_kind and index.isValid() and index.column() != self._check_column():
            # Qt wants to have seen the press that was held back.
            self.opened.emit(self.model_.id_at(index.row()))
        else:
            super().mouseDoubleClickEvent(event)

    def keyboardSearch(self, search: str) -> None:
        if search.strip():
            self.typed.emit(search)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = self.context_menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        at = event.globalPos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            corner = self.visualRect(self.currentIndex()).bottomLeft()
            at = self.viewport().mapToGlobal(corner + QPoint(24, 0))
        menu.popup(at)

    def context_menu(self) -> QMenu:
        menu = QMenu(self)
        self.menu_opening.emit(menu)
        if self.selected_count():
            if menu.actions():
                menu.addSeparator()
            for title, run in ((tr("Copy"), self.copy_text), (tr("Copy as CSV"), self.copy_csv)):
                menu.addAction(title).triggered.connect(partial(_call, run))
        columns = self.header.columns_menu(max(self.currentIndex().column(), 0))
        columns.setTitle(tr("Columns"))
        menu.addSeparator()
        menu.addMenu(columns)
        menu.destroyed.connect(columns.deleteLater)
        return menu

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if not self.currentIndex().isValid() and self.model_.rowCount():
            first = self.model_.index(0, self._first_column())
            self.selectionModel().setCurrentIndex(first, QItemSelectionModel.SelectionFlag.NoUpdate)

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        if self._ticker.interval():
            self._ticker.start()

    def hideEvent(self, event: Any) -> None:
        super().hideEvent(event)
        self._ticker.stop()

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        self.selection_changed.emit()

    # ---- inside

    def _set_up(self) -> None:
        self.setItemDelegate(TableDelegate(self, theme()))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setCornerButtonEnabled(False)
        rows = self.verticalHeader()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setMinimumSectionSize(20)
        rows.setDefaultSectionSize(theme().row_height)
        rows.hide()

    def _selected_parts(self) -> list[QItemSelectionRange]:
        selection = self.selectionModel().selection()
        return [selection.at(at) for at in range(selection.count())]

    def _check_column(self) -> int | None:
        kinds = [column.kind in (Kind.CHECK, Kind.STAR) for column in self.model_.columns]
        return kinds.index(True) if True in kinds else None

    def _first_column(self) -> int:
        shown = self.header.visible_columns()
        return shown[0] if shown else 0

    def _go_to(self, position: int) -> None:
        if 0 <= position < self.model_.rowCount():
            self.setCurrentIndex(self.model_.index(position, self._first_column()))

    def _visible_positions(self) -> range:
        if not self.isVisible():
            return range(0)
        first, last = self.rowAt(0), self.rowAt(self.viewport().height() - 1)
        return range(max(first, 0), (last if last >= 0 else self.model_.rowCount() - 1) + 1)

    def _anchor(self) -> tuple[int, int] | None:
        """(row, offset of its top edge): a row that is seen and stays in its order; None at the top."""
        if self.verticalScrollBar().value() == 0:
            return None
        misplaced = self.model_.order.misplaced
        shown = self.model_.order.shown
        for at in self._visible_positions():
            if shown[at] not in misplaced:
                return shown[at], self.rowViewportPosition(at)
        return None

    def _keep_anchor(self, *_where: object) -> None:
        self._kept = ([], None, self._anchor())

    def _restore_anchor(self, *_where: object) -> None:
        self._scroll_to(self._kept[2])

    def _scroll_to(self, anchor: tuple[int, int] | None) -> None:
        if anchor is None:
            return
        at = self.model_.order.position(anchor[0])
        if at is not None:
            self.doItemsLayout()
            self.verticalScrollBar().setValue(self.verticalHeader().sectionPosition(at) - anchor[1])

    def _keep(self) -> None:
        anchor = self._anchor()
        if anchor is not None:
            # A new index numbers its rows anew: remember the object instead.
            anchor = (self.model_.order.id_of(anchor[0]), anchor[1])
        self._kept = (self.selected_ids(), self.current_id(), anchor)

    def _restore(self) -> None:
        selected, current, anchor = self._kept
        at = None if current is None else self.model_.position_of(current)
        if at is not None:
            index = self.model_.index(at, self._first_column())
            self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)
        self._select_ids(selected)
        if anchor is not None:
            row = self.model_.order.number(anchor[0])
            self._scroll_to(None if row is None else (row, anchor[1]))
        if selected:
            self.selection_changed.emit()

    def _select_ids(self, object_ids: Iterable[int]) -> None:
        chosen = QItemSelection()
        last = self.model_.columnCount() - 1
        for first, end in _ranges(self.model_.order.positions(object_ids)):
            chosen.select(self.model_.index(first, 0), self.model_.index(end, last))
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        self.selectionModel().select(chosen, flags)


def _ranges(positions: Sequence[int]) -> list[tuple[int, int]]:
    """Neighbouring numbers joined: [1, 2, 5] is [(1, 2), (5, 5)]."""
    joined: list[tuple[int, int]] = []
    for at in positions:
        if joined and joined[-1][1] == at - 1:
            joined[-1] = (joined[-1][0], at)
        else:
            joined.append((at, at))
    return joined


def _call(run: Callable[[], None], _checked: bool) -> None:
    run()
