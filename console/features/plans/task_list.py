"""The tasks in their order: dragged, or moved by keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QListView, QMenu

from console.core.texts import tr
from console.features.plans.task_delegate import TaskDelegate
from console.features.plans.task_model import TaskModel, TaskRow
from console.shell.theme import theme

Index = QModelIndex | QPersistentModelIndex
_ALT = Qt.KeyboardModifier.AltModifier
_CONTROL = Qt.KeyboardModifier.ControlModifier


class TaskList(QListView):
    """Shows what it is given, and says what a person wants; whoever owns the tasks does it.

    Keys: Alt+Up and Alt+Down move, Insert adds, Delete removes, Ctrl+D duplicates, Enter edits, F2 renames.
    """

    chosen = Signal()
    placed = Signal(list, int)
    renamed = Signal(int, str)
    move_wanted = Signal(int)
    add_wanted = Signal()
    remove_wanted = Signal()
    duplicate_wanted = Signal()
    edit_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.model_ = TaskModel()
        self.model_.setParent(self)
        self.setModel(self.model_)
        self.setItemDelegate(TaskDelegate(self))
        self.setAccessibleName(tr("Tasks"))
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setUniformItemSizes(True)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.setDragDropOverwriteMode(False)
        self.setDropIndicatorShown(True)
        self.model_.dropped.connect(self.placed)
        self.model_.renamed.connect(self.renamed)
        self.doubleClicked.connect(lambda _index: self.edit_wanted.emit())
        theme().changed.connect(self.viewport().update)
        self.let_change(True)

    def let_change(self, may: bool) -> None:
        """Whoever may not is offered neither dragging nor renaming, and no key moves or removes anything."""
        self._may_change = may
        drag, trigger = QAbstractItemView.DragDropMode, QAbstractItemView.EditTrigger
        self.setDragDropMode(drag.InternalMove if may else drag.NoDragDrop)
        self.setEditTriggers(trigger.EditKeyPressed if may else trigger.NoEditTriggers)

    def show_rows(self, rows: Sequence[TaskRow]) -> None:
        """What was selected stays selected, wherever it is now."""
        keys, current = self.chosen_keys(), self.current_key()
        if self.model_.show(rows):
            self.select(keys, current)

    def chosen_keys(self) -> list[int]:
        """Of the selected tasks, in their order."""
        places = sorted(index.row() for index in self.selectionModel().selectedIndexes())
        return [self.model_.rows[at].key for at in places if at < len(self.model_.rows)]

    def current_key(self) -> int | None:
        index = self.currentIndex()
        return self.model_.rows[index.row()].key if index.isValid() else None

    def current_place(self) -> int | None:
        index = self.currentIndex()
        return index.row() if index.isValid() else None

    def select(self, keys: Sequence[int], current: int | None = None) -> None:
        """Selects these; `current`, or the first of them, gets the keyboard's mark."""
        places = {row.key: at for at, row in enumerate(self.model_.rows)}
        chosen, model = QItemSelection(), self.selectionModel()
        for key in keys:
            if key in places:
                index = self.model_.index(places[key])
                chosen.select(index, index)
        wanted = current if current in places else next((key for key in keys if key in places), None)
        if wanted is not None:
            index = self.model_.index(places[wanted])
            model.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)
            self.scrollTo(index)
        model.select(chosen, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, modifiers = event.key(), event.modifiers()
        if not self._may_change:
            super().keyPressEvent(event)
        elif modifiers == _ALT and key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.move_wanted.emit(-1 if key == Qt.Key.Key_Up else 1)
        elif modifiers == _CONTROL and key == Qt.Key.Key_D:
            self.duplicate_wanted.emit()
        elif key == Qt.Key.Key_Insert:
            self.add_wanted.emit()
        elif event.matches(QKeySequence.StandardKey.Delete):
            self.remove_wanted.emit()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not modifiers:
            self.edit_wanted.emit()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = self.context_menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        at = event.globalPos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            at = self.viewport().mapToGlobal(self.visualRect(self.currentIndex()).bottomLeft())
        menu.popup(at)

    def context_menu(self) -> QMenu:
        menu, some = QMenu(self), bool(self.chosen_keys()) and self._may_change
        wishes: list[tuple[str, str, Callable[[], None], bool]] = [
            (tr("Edit"), "Return", self.edit_wanted.emit, some),
            (tr("Rename"), "F2", lambda: self.edit(self.currentIndex()), some),
            (tr("Duplicate"), "Ctrl+D", self.duplicate_wanted.emit, some),
            (tr("Move up"), "Alt+Up", lambda: self.move_wanted.emit(-1), some),
            (tr("Move down"), "Alt+Down", lambda: self.move_wanted.emit(1), some),
            (tr("Add a task below"), "Ins", self.add_wanted.emit, self._may_change),
            (tr("Remove"), "Del", self.remove_wanted.emit, some),
        ]
        for title, keys, run, enabled in wishes:
            action = menu.addAction(f"{title}\t{QKeySequence(keys).toString()}")
            action.setEnabled(enabled)
            action.triggered.connect(lambda _checked, run=run: run())
        return menu

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        self.chosen.emit()
