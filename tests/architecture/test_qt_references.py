import sys

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex
from pytestqt.qtbot import QtBot

CALLS = 1000


class Table(QAbstractTableModel):
    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 1

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 1


def test_void_calls_keep_the_references_to_none(qtbot: QtBot) -> None:
    """PySide6 6.12.0 on CPython 3.11 loses one with every call, until the process aborts."""
    table = Table()
    cell = table.index(0, 0)
    before = sys.getrefcount(None)
    for _ in range(CALLS):
        table.dataChanged.emit(cell, cell)
        table.setParent(None)
    assert abs(sys.getrefcount(None) - before) < CALLS // 10
