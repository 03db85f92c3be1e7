"""A list of short texts: rows that can be added, removed and moved. A pasted text stays in its row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from console.core.texts import tr
from console.shell.parts import button, icon_button, row
from console.shell.theme import theme


class _Cell(QLineEdit):
    """Keeps line breaks of what is pasted: an argument may have some."""

    below_wanted = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.below_wanted.emit()
        else:
            super().keyPressEvent(event)


class _Row(QWidget):
    def __init__(self, editor: RowsEditor, values: Sequence[str]) -> None:
        super().__init__()
        self.cells = [_Cell(value) for value in values]
        self.up = icon_button("chevron-up", tr("Move up"), lambda: editor.move_row(self, -1))
        self.down = icon_button("chevron-down", tr("Move down"), lambda: editor.move_row(self, 1))
        self.remove = icon_button("close", tr("Remove"), lambda: editor.remove_row(self))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for at, cell in enumerate(self.cells):
            layout.addWidget(cell, 1 if at or len(values) == 1 else 0)
            cell.textEdited.connect(lambda _text: editor.changed.emit())
            cell.below_wanted.connect(lambda: editor.add_below(self))
        if len(values) > 1:
            self.cells[0].setFixedWidth(theme().control * 4)
        for part in (self.up, self.down, self.remove):
            layout.addWidget(part)

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(cell.text() for cell in self.cells)


class RowsEditor(QWidget):
    """`names` are the columns; `title` names a row for screen readers; `add` is the button's text."""

    changed = Signal()

    def __init__(self, title: str, names: Sequence[str], add: str) -> None:
        super().__init__()
        self._title = title
        self._names = tuple(names)
        self.rows: list[_Row] = []
        self.add = button(add, self._add_last, "link", icon="plus")
        self._list = QVBoxLayout()
        self._list.setSpacing(4)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(self._list)
        layout.addLayout(row(self.add, None))

    @property
    def values(self) -> list[tuple[str, ...]]:
        return [found.values for found in self.rows]

    def set_values(self, values: Iterable[Sequence[str]]) -> None:
        for old in list(self.rows):
            self._drop(old)
        for value in values:
            self._insert(len(self.rows), value)
        self._name_rows()

    def move_row(self, moved: _Row, step: int) -> None:
        at = self.rows.index(moved)
        target = at + step
        if 0 <= target < len(self.rows):
            self.rows.insert(target, self.rows.pop(at))
            self._list.removeWidget(moved)
            self._list.insertWidget(target, moved)
            self._tell()

    def remove_row(self, removed: _Row) -> None:
        at = self.rows.index(removed)
        self._drop(removed)
        focus: QWidget = self.rows[min(at, len(self.rows) - 1)].cells[0] if self.rows else self.add
        focus.setFocus()
        self._tell()

    def add_below(self, above: _Row) -> None:
        self._insert(self.rows.index(above) + 1, [""] * len(self._names)).cells[0].setFocus()
        self._tell()

    def _add_last(self) -> None:
        self._insert(len(self.rows), [""] * len(self._names)).cells[0].setFocus()
        self._tell()

    def _insert(self, at: int, values: Sequence[str]) -> _Row:
        made = _Row(self, values)
        self.rows.insert(at, made)
        self._list.insertWidget(at, made)
        return made

    def _drop(self, old: _Row) -> None:
        self.rows.remove(old)
        self._list.removeWidget(old)
        old.hide()
        old.deleteLater()

    def _tell(self) -> None:
        self._name_rows()
        self.changed.emit()

    def _name_rows(self) -> None:
        for number, found in enumerate(self.rows, 1):
            title = f"{self._title} {number}"
            for name, cell in zip(self._names, found.cells, strict=True):
                cell.setPlaceholderText(name)
                cell.setAccessibleName(f"{title}, {name}" if len(self._names) > 1 else title)
            for part, words in ((found.up, tr("up")), (found.down, tr("down")), (found.remove, tr("remove"))):
                part.setAccessibleName(f"{title}, {words}")
            found.up.setEnabled(number > 1)
            found.down.setEnabled(number < len(self.rows))
