"""A Qt model over the row index: live changes in, few and cheap signals out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, QTimer, Signal

from console.widgets.row_index import Predicate, RowIndex
from console.widgets.table_columns import Column, Kind, Object

Index = QModelIndex | QPersistentModelIndex
VisiblePositions = Callable[[], range]

REPAINT_MS = 100
"""Cells are repainted at most this often."""
SLICE = 500
"""Objects taken in one go while the index is built: that is done well within a frame."""
FEW = 2_000
"""So many rows are asked about a filter at once."""
FILTER_S = 0.003
"""The part of a frame that a filter may take."""
MOST_SINGLE_CHANGES = 40
"""With more rows coming and going the view starts anew, which keeps selection and scroll position too."""
PLACE_SHARE = 0.05
"""Putting rows into their places may take this share of the time; repainting goes on meanwhile."""

_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_NOWHERE = QModelIndex()


class TableModel(QAbstractTableModel):
    """`counted(shown, total)` follows every change of the two numbers; `building(done, total)` the slices.

    `visible` tells which positions the view shows now: only for those a change is announced. `start_anew`
    tells that the view had rather begin anew than move each of its many selected rows.
    """

    counted = Signal(int, int)
    building = Signal(int, int)

    def __init__(
        self,
        columns: Sequence[Column],
        search_of: Callable[[Object], str],
        sort_column: int = 0,
        *,
        searched: Sequence[str] = (),
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__()
        self.columns = list(columns)
        self.visible: VisiblePositions = lambda: range(self.rowCount())
        self.start_anew: Callable[[], bool] = lambda: False
        self.sort_column = sort_column
        self._search_of, self._searched = search_of, searched
        self._clock = clock
        self._words: list[str] = []
        self._predicate: Predicate | None = None
        self.order = self._new_index(descending=False)
        self._changed: dict[int, Object] = {}
        self._removed: set[int] = set()
        self._repaint: set[int] = set()
        self._not_before = 0.0
        self._built: Iterator[None] | None = None
        self._asked: Iterator[None] | None = None
        self._same_filter = False
        self._told = (0, 0)
        self._flusher = QTimer(self)
        self._flusher.setSingleShot(True)
        self._flusher.timeout.connect(self.flush)
        self._builder = QTimer(self)
        self._builder.setInterval(0)
        self._builder.timeout.connect(self._build_slice)
        self._filterer = QTimer(self)
        self._filterer.setInterval(0)
        self._filterer.timeout.connect(self._filter_slice)

    # ---- what Qt asks

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.order.shown)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self.columns[index.column()].text(self.object_at(index.row()))
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.columns[index.column()].text(self.object_at(index.row())) or None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if self.columns[index.column()].kind is Kind.NUMBER else _LEFT
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is Qt.Orientation.Vertical or section >= len(self.columns):
            return None
        column = self.columns[section]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            if section != self.sort_column:
                return column.title
            return f"{column.title} {'↓' if self.order.descending else '↑'}"
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column.kind is Kind.NUMBER else _LEFT
        return None

    # ---- what the table and its page ask

    def object_at(self, position: int) -> Object:
        return self.order.rows[self.order.shown[position]]

    def id_at(self, position: int) -> int:
        return self.order.id_of(self.order.shown[position])

    def position_of(self, object_id: int) -> int | None:
        """Where an object is shown now; None when it is not."""
        row = self.order.number(object_id)
        return None if row is None else self.order.position(row)

    def get(self, object_id: int) -> Object | None:
        """The newest state of an object, also when the filter hides it."""
        if object_id in self._changed:
            return self._changed[object_id]
        row = self.order.number(object_id)
        return None if row is None or object_id in self._removed else self.order.rows[row]

    def shown_objects(self) -> Iterator[Object]:
        rows = self.order.rows
        return (rows[row] for row in self.order.shown)

    @property
    def total(self) -> int:
        return len(self.order)

    @property
    def words(self) -> list[str]:
        return list(self._words)

    def take(
        self, changed: Mapping[int, Object], removed: Iterable[int] = (), *, reset: bool = False
    ) -> None:
        """Live news; with `reset` these are all objects that there are. Shown within REPAINT_MS."""
        if reset:
            self._replace(changed)
            return
        self._removed.update(removed)
        self._removed.difference_update(changed)
        self._changed.update(changed)
        for object_id in removed:
            self._changed.pop(object_id, None)
        self._wake()

    def touch(self, object_ids: Iterable[int]) -> None:
        """Something that the columns take from elsewhere has changed for these objects."""
        for object_id in object_ids:
            item = self.get(object_id)
            if item is not None:
                self._changed[object_id] = item
        self._wake()

    def sort_by(self, column: int, descending: bool) -> None:
        if not self.order.settled:
            self._settle()
        with self._reordering():
            if column == self.sort_column and descending != self.order.descending:
                self.order.reverse()
            else:
                self.order.sort_by(self.columns[column].sort_key, descending)
            self.sort_column = column
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(self.columns) - 1)

    def filter(self, text: str, predicate: Predicate | None = None) -> None:
        """Shows the rows that hold every word of `text` and for which `predicate` holds.

        At once where there are few; among many, what is shown stays until all have been asked about.
        """
        self._words, self._predicate = text.lower().split(), predicate
        self._begin_filter(same=False)

    def filter_again(self) -> None:
        """Time has passed, and the filter may say something else of a row that has not changed."""
        if self._asked is None:
            self._begin_filter(same=True)

    @property
    def is_building(self) -> bool:
        """Objects are being taken in, and news wait until all of them are there."""
        return self._built is not None

    @property
    def filtering(self) -> bool:
        """A filter is being worked out."""
        return self._asked is not None

    def flush(self) -> None:
        """Shows what has come in; the timer does it at most every REPAINT_MS."""
        if self._built is not None:
            return
        changed, self._changed = self._changed, {}
        removed, self._removed = self._removed, set()
        self._repaint |= self.order.apply(changed, removed)
        if not self.order.settled and self._clock() >= self._not_before:
            self._settle()
        self._announce()
        if not self.order.settled:
            self._wake()

    def settle(self) -> None:
        """Takes all news and puts every row into its place now."""
        while self._built is not None:
            self._build_slice()
        if self._asked is not None:
            self._end_filter()
        self._not_before = 0.0
        self.flush()

    # ---- inside

    def _new_index(self, descending: bool) -> RowIndex:
        index = RowIndex(self._search_of, self.columns[self.sort_column].sort_key, self._searched)
        index.descending = descending
        return index

    def _wake(self) -> None:
        if not self._flusher.isActive():
            self._flusher.start(REPAINT_MS)

    def _count(self) -> None:
        now = (len(self.order.shown), len(self.order))
        if now != self._told:
            self._told = now
            self.counted.emit(*now)

    def _replace(self, objects: Mapping[int, Object]) -> None:
        self._changed, self._removed = {}, set()
        self._built = self._building(objects)
        if len(objects) <= SLICE:
            while self._built is not None:
                self._build_slice()
        else:
            self._builder.start()

    def _building(self, objects: Mapping[int, Object]) -> Iterator[None]:
        """Makes a new index beside the one that is shown, a slice at each step, and puts it in its place."""
        index = self._new_index(self.order.descending)
        words, predicate = self._words, self._predicate
        index.filter(words, predicate)
        rest, sort_column = iter(objects.values()), self.sort_column
        for done in range(0, len(objects), SLICE):
            index.add_slice(islice(rest, SLICE))
            self.building.emit(min(done + SLICE, len(objects)), len(objects))
            yield
        if sort_column != self.sort_column or self.order.descending != index.descending:
            index.sort_by(self.columns[self.sort_column].sort_key, self.order.descending)
        while (words, predicate) != (self._words, self._predicate):
            words, predicate = self._words, self._predicate
            yield from index.filtering(words, predicate)
            index.use_filter()
        index.built()
        self._stop_filter()
        self.beginResetModel()
        self.order = index
        self._repaint.clear()
        self.endResetModel()

    def _build_slice(self) -> None:
        assert self._built is not None
        if next(self._built, self) is not self:
            return
        self._built = None
        self._builder.stop()
        self._count()
        self._wake()

    def _begin_filter(self, *, same: bool) -> None:
        self._same_filter = same
        self._asked = self.order.filtering(self._words, self._predicate)
        if self.total > FEW:
            self._filterer.start()
        else:
            self._end_filter()

    def _filter_slice(self) -> None:
        until = self._clock() + FILTER_S
        while self._asked is not None and self._clock() < until:
            if next(self._asked, self) is self:
                self._end_filter()

    def _end_filter(self) -> None:
        """Asks about the rows that are left, and shows what has been found."""
        assert self._asked is not None
        for _step in self._asked:
            pass
        self._stop_filter()
        if self._same_filter and self.order.filter_changes_nothing():
            self.order.use_filter()
            return
        self.beginResetModel()
        self.order.use_filter()
        self.endResetModel()
        self._count()

    def _stop_filter(self) -> None:
        self._filterer.stop()
        self._asked = None

    def _settle(self) -> None:
        began = self._clock()
        index = self.order
        plan = index.plan()
        if plan.changes > MOST_SINGLE_CHANGES or (plan.changes and self.start_anew()):
            self.beginResetModel()
            index.commit()
            self.endResetModel()
        else:
            self._follow(plan.removed, plan.survivors, plan.inserted)
            index.commit()
        self._count()
        now = self._clock()
        self._not_before = now + (now - began) / PLACE_SHARE

    def _follow(
        self, removed: list[int], survivors: list[int] | None, inserted: list[tuple[int, int]]
    ) -> None:
        shown = self.order.shown = self.order.shown[:]
        for at in removed:
            self.beginRemoveRows(QModelIndex(), at, at)
            del shown[at]
            self.endRemoveRows()
        if survivors is not None:
            with self._reordering():
                shown = self.order.shown = survivors[:]
        for at, row in inserted:
            self.beginInsertRows(QModelIndex(), at, at)
            shown.insert(at, row)
            self.endInsertRows()

    def _reordering(self) -> AbstractContextManager[None]:
        return _Anew(self) if self.start_anew() else _Layout(self)

    def _announce(self) -> None:
        repaint, self._repaint = self._repaint, set()
        if not repaint:
            return
        shown, last = self.order.shown, len(self.columns) - 1
        for position in self.visible():
            if position < len(shown) and shown[position] in repaint:
                self.dataChanged.emit(self.index(position, 0), self.index(position, last))


class _Anew(AbstractContextManager[None]):
    """Around a change after which the view begins anew."""

    def __init__(self, model: TableModel) -> None:
        self._model = model

    def __enter__(self) -> None:
        self._model.beginResetModel()

    def __exit__(self, *_error: object) -> None:
        self._model.endResetModel()


class _Layout(AbstractContextManager[None]):
    """Around a new order of the same rows: what Qt remembers about rows moves with them."""

    def __init__(self, model: TableModel) -> None:
        self._model = model

    def __enter__(self) -> None:
        self._model.layoutAboutToBeChanged.emit()
        self._old = self._model.persistentIndexList()
        shown = self._model.order.shown
        self._rows = [shown[index.row()] for index in self._old]

    def __exit__(self, *_error: object) -> None:
        model = self._model
        if self._old:
            wanted = set(self._rows)
            at = {row: position for position, row in enumerate(model.order.shown) if row in wanted}
            new = [
                model.index(at[row], index.column()) if row in at else QModelIndex()
                for row, index in zip(self._rows, self._old, strict=True)
            ]
            model.changePersistentIndexList(self._old, new)
        model.layoutChanged.emit()
