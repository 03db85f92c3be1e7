"""The tasks of a profile for the list that shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from PySide6.QtCore import QAbstractListModel, QMimeData, QModelIndex, QPersistentModelIndex, Qt, Signal

from console.core.texts import tr

Index = QModelIndex | QPersistentModelIndex
ROW = Qt.ItemDataRole.UserRole
_NOWHERE = QModelIndex()
_MIME = "application/x-deployflow-tasks"


@dataclass(frozen=True)
class TaskRow:
    """A task as the list shows it; `marks` are words with tones. A `problem` stands in place of `what`."""

    key: int
    name: str
    what: str
    marks: tuple[tuple[str, str], ...] = ()
    problem: str = ""

    def spoken(self, number: int) -> str:
        words = (
            self.name or tr("without a name"),
            self.problem or self.what,
            *(mark for mark, _ in self.marks),
        )
        return tr("{n}. {words}", n=number, words=", ".join(words))


class TaskModel(QAbstractListModel):
    """`dropped(keys, place)`: put before the task that is at `place` now. `renamed(key, name)`."""

    dropped = Signal(list, int)
    renamed = Signal(int, str)

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[TaskRow] = []

    def show(self, rows: Sequence[TaskRow]) -> bool:
        """True when tasks came, went or moved: the view begins anew."""
        same = [one.key for one in rows] == [one.key for one in self.rows]
        if not same:
            self.beginResetModel()
            self.rows = list(rows)
            self.endResetModel()
            return True
        before, self.rows = self.rows, list(rows)
        for at, (old, new) in enumerate(zip(before, self.rows, strict=True)):
            if old != new:
                self.dataChanged.emit(self.index(at), self.index(at))
        return False

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.rows[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return row.name
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return row.spoken(index.row() + 1)
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.problem or None
        return row if role == ROW else None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        name = " ".join(str(value).split())
        if role == Qt.ItemDataRole.EditRole and name:
            self.renamed.emit(self.rows[index.row()].key, name)
        return False

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.ItemIsDropEnabled
        flag = Qt.ItemFlag
        return flag.ItemIsEnabled | flag.ItemIsSelectable | flag.ItemIsEditable | flag.ItemIsDragEnabled

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction

    def mimeTypes(self) -> list[str]:
        return [_MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        data = QMimeData()
        data.setData(_MIME, msgspec.json.encode([self.rows[index.row()].key for index in indexes]))
        return data

    def dropMimeData(
        self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index
    ) -> bool:
        """The list is put in order by whoever owns the tasks; the view has nothing to remove."""
        if not data.hasFormat(_MIME) or action != Qt.DropAction.MoveAction:
            return False
        keys = msgspec.json.decode(data.data(_MIME).data(), type=list[int])
        self.dropped.emit(keys, len(self.rows) if row < 0 else row)
        return False
