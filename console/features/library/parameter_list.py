"""The declared parameters of a script as a list: name, type, default."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QDropEvent, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem

from backend_lite.contract.parameters import ParameterType, ScriptParameter
from console.core.texts import tr
from console.shell.theme import set_role, theme
from console.widgets.parameter_inputs import number_text

_ROLE = Qt.ItemDataRole.UserRole
_MOST_ROWS = 7
TYPE_WORDS = {
    ParameterType.TEXT: "Text",
    ParameterType.NUMBER: "Number",
    ParameterType.BOOLEAN: "Yes or no",
    ParameterType.CHOICE: "Choice",
    ParameterType.FILE: "File",
    ParameterType.SECRET: "Secret",
}


def type_word(kind: ParameterType) -> str:
    return tr(TYPE_WORDS[kind])


def default_text(parameter: ScriptParameter) -> str:
    """The default as a person reads it; empty for none."""
    value = parameter.default
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    if isinstance(value, int | float):
        return number_text(value)
    return value or ""


class ParameterList(QTreeWidget):
    """`moved(order)`: the old places in their new order, after a row was dragged or Alt+Up, Alt+Down was
    pressed. `add_wanted` is Insert, `remove_wanted` Delete, `edit_wanted` Enter, `undo_wanted(redo)` Ctrl+Z
    and Ctrl+Y."""

    moved = Signal(list)
    add_wanted = Signal()
    remove_wanted = Signal()
    edit_wanted = Signal()
    undo_wanted = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        set_role(self, "plain-list")
        self.setAccessibleName(tr("Parameters"))
        self.setColumnCount(3)
        self.setHeaderHidden(True)
        self.setRootIsDecorated(False)
        self.setIndentation(0)
        self.setUniformRowHeights(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        sections = self.header()
        sections.setStretchLastSection(False)
        sections.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            sections.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self.itemActivated.connect(lambda _item, _column: self.edit_wanted.emit())

    @property
    def place(self) -> int | None:
        item = self.currentItem()
        return None if item is None else self.indexOfTopLevelItem(item)

    def show_parameters(self, parameters: Sequence[ScriptParameter], problems: dict[int, str]) -> None:
        """The current place stays; nothing is told."""
        self.blockSignals(True)
        while self.topLevelItemCount() > len(parameters):
            self.takeTopLevelItem(self.topLevelItemCount() - 1)
        while self.topLevelItemCount() < len(parameters):
            self.addTopLevelItem(self._item())
        for (at, parameter), item in zip(enumerate(parameters), self._items(), strict=True):
            self._show(item, at, parameter, problems.get(at, ""))
        self.blockSignals(False)
        rows = min(len(parameters), _MOST_ROWS)
        self.setFixedHeight(rows * theme().row_height + 2)
        self.setVisible(bool(parameters))

    def choose(self, place: int | None) -> None:
        self.blockSignals(True)
        item = None if place is None else self.topLevelItem(place)
        if item is None:
            self.setCurrentIndex(QModelIndex())
        else:
            self.setCurrentItem(item)
        self.blockSignals(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, modifiers = event.key(), event.modifiers()
        alt = bool(modifiers & Qt.KeyboardModifier.AltModifier)
        control = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
        if alt and key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.shift(-1 if key == Qt.Key.Key_Up else 1)
        elif key == Qt.Key.Key_Insert:
            self.add_wanted.emit()
        elif key == Qt.Key.Key_Delete:
            self.remove_wanted.emit()
        elif control and key in (Qt.Key.Key_Z, Qt.Key.Key_Y):
            self.undo_wanted.emit(key == Qt.Key.Key_Y)
        else:
            super().keyPressEvent(event)

    def shift(self, step: int) -> None:
        """Moves the current row up or down."""
        at, count = self.place, self.topLevelItemCount()
        if at is not None and 0 <= at + step < count:
            order = list(range(count))
            order.insert(at + step, order.pop(at))
            self.moved.emit(order)

    def dropEvent(self, event: QDropEvent) -> None:
        super().dropEvent(event)
        self.moved.emit([item.data(0, _ROLE) for item in self._items()])

    def _items(self) -> list[QTreeWidgetItem]:
        found = (self.topLevelItem(at) for at in range(self.topLevelItemCount()))
        return [item for item in found if item is not None]

    def _item(self) -> QTreeWidgetItem:
        made = QTreeWidgetItem()
        # A row dropped on another one would become its child.
        made.setFlags(made.flags() & ~Qt.ItemFlag.ItemIsDropEnabled)
        made.setSizeHint(0, QSize(0, theme().row_height))
        return made

    def _show(self, item: QTreeWidgetItem, at: int, parameter: ScriptParameter, problem: str) -> None:
        name = parameter.name or tr("(no name)")
        item.setText(0, tr("{name} · required", name=name) if parameter.required else name)
        item.setText(1, tr("not right") if problem else type_word(parameter.type))
        item.setText(2, default_text(parameter))
        item.setData(0, _ROLE, at)
        item.setFont(0, theme().font("strong"))
        item.setForeground(1, theme().color("bad" if problem else "muted"))
        item.setToolTip(0, problem or parameter.label or parameter.description)
        item.setTextAlignment(2, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
