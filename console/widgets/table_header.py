"""The header of a live table: which columns, in which order, how wide, sorted how; kept between sessions."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QItemSelectionModel, QSettings, Qt, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHeaderView, QMenu, QTableView

from console.core.texts import tr
from console.shell.theme import theme
from console.widgets.table_model import TableModel

NARROWEST = 44
_SAVE_MS = 200


class TableHeader(QHeaderView):
    """`sort_wanted(column, descending)`. The arrangement is kept under `table/<name>` of the settings."""

    sort_wanted = Signal(int, bool)

    def __init__(self, view: QTableView, model: TableModel, name: str, settings: QSettings | None) -> None:
        super().__init__(Qt.Orientation.Horizontal, view)
        self._model = model
        self._key = f"table/{name}"
        self._settings = settings
        self.setSectionsClickable(True)
        self.setSectionsMovable(True)
        self.setHighlightSections(False)
        self.setStretchLastSection(True)
        self.setMinimumSectionSize(NARROWEST)
        self.setFixedHeight(theme().row_height)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._saver = QTimer(self)
        self._saver.setSingleShot(True)
        self._saver.setInterval(_SAVE_MS)
        self._saver.timeout.connect(self.save)
        self.sectionClicked.connect(self._clicked)
        self.customContextMenuRequested.connect(self._show_menu)

    def arrange(self) -> None:
        """As it was left, else as the columns say. Call it once the view has the header."""
        # To paint a header Qt asks the selection about every row of its column: 1.5 s for 100,000 rows.
        self.setSelectionModel(QItemSelectionModel(self._model, self))
        for at, column in enumerate(self._model.columns):
            self.resizeSection(at, column.width)
            self.setSectionHidden(at, column.hidden)
        self.show_arrangement(self._saved())
        self.sectionMoved.connect(self._later)
        self.sectionResized.connect(self._later)

    def visible_columns(self) -> list[int]:
        """The columns that are shown, from left to right."""
        order = (self.logicalIndex(at) for at in range(self.count()))
        return [at for at in order if not self.isSectionHidden(at)]

    def sort(self, column: int, descending: bool) -> None:
        self.sort_wanted.emit(column, descending)
        self._later()

    def show_column(self, column: int, shown: bool) -> None:
        if shown or len(self.visible_columns()) > 1:
            self.setSectionHidden(column, not shown)
            if shown and self.sectionSize(column) < NARROWEST:
                self.resizeSection(column, self._model.columns[column].width)
            self._later()

    def shift(self, column: int, step: int) -> None:
        """Moves a column past the next shown one, to the left (-1) or to the right (1)."""
        shown = self.visible_columns()
        target = shown.index(column) + step
        if 0 <= target < len(shown):
            self.moveSection(self.visualIndex(column), self.visualIndex(shown[target]))

    def columns_menu(self, current: int | None = None) -> QMenu:
        """Sort, show, hide and move columns; `current` is the column that can be moved."""
        menu = QMenu(self)
        sort = menu.addMenu(tr("Sort by"))
        for at, column in enumerate(self._model.columns):
            chosen = at == self._model.sort_column
            self._add(sort, column.title, partial(self._clicked, at), chosen)
        if current is not None:
            menu.addSection(tr("Column {title}", title=self._model.columns[current].title))
            self._add(menu, tr("Move left"), partial(self.shift, current, -1))
            self._add(menu, tr("Move right"), partial(self.shift, current, 1))
        menu.addSeparator()
        for at, column in enumerate(self._model.columns):
            shown = not self.isSectionHidden(at)
            action = self._add(menu, column.title, partial(self.show_column, at, not shown), shown)
            action.setCheckable(True)
            action.setChecked(shown)
        menu.addSeparator()
        self._add(menu, tr("Restore the columns"), self._reset)
        return menu

    def save(self) -> None:
        if self._settings is not None:
            self._settings.setValue(self._key, json.dumps(self.arrangement()))

    def _add(self, menu: QMenu, title: str, run: Callable[[], None], checked: bool | None = None) -> QAction:
        action = menu.addAction(title)
        if checked is not None:
            action.setCheckable(True)
            action.setChecked(checked)
        action.triggered.connect(lambda _checked: run())
        return action

    def _clicked(self, column: int) -> None:
        again = column == self._model.sort_column
        self.sort(column, not self._model.order.descending if again else False)

    def _show_menu(self, at: Any) -> None:
        menu = self.columns_menu(self.logicalIndexAt(at))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.mapToGlobal(at))

    def _later(self, *_news: int) -> None:
        self._saver.start()

    def arrangement(self) -> dict[str, Any]:
        """Order, widths, hidden columns and sorting, for `show_arrangement`."""
        columns = self._model.columns
        return {
            "order": [columns[self.logicalIndex(at)].key for at in range(self.count())],
            "widths": {
                column.key: self.sectionSize(at)
                for at, column in enumerate(columns)
                if not self.isSectionHidden(at)
            },
            "hidden": [column.key for at, column in enumerate(columns) if self.isSectionHidden(at)],
            "sort": [columns[self._model.sort_column].key, self._model.order.descending],
        }

    def _saved(self) -> dict[str, Any]:
        if self._settings is None:
            return {}
        try:
            state = json.loads(str(self._settings.value(self._key, "{}")))
        except ValueError:
            return {}
        return state if isinstance(state, dict) else {}

    def show_arrangement(self, state: dict[str, Any]) -> None:
        """Columns that the saved arrangement does not know stay as they begin."""
        at = {column.key: position for position, column in enumerate(self._model.columns)}
        for target, key in enumerate(key for key in state.get("order", []) if key in at):
            self.moveSection(self.visualIndex(at[key]), target)
        for key, width in state.get("widths", {}).items():
            if key in at:
                self.resizeSection(at[key], max(int(width), NARROWEST))
        if "hidden" in state:
            known = set(state.get("order", []))
            for key, column in at.items():
                if key in known:
                    self.setSectionHidden(column, key in state["hidden"])
        key, descending = state.get("sort", [None, False])
        if key in at:
            self.sort_wanted.emit(at[key], bool(descending))

    def _reset(self) -> None:
        for at, column in enumerate(self._model.columns):
            self.moveSection(self.visualIndex(at), at)
            self.setSectionHidden(at, column.hidden)
            self.resizeSection(at, column.width)
        self._later()
