"""A live table under its filter, and what is said while it has no rows."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from console.core.live import LiveState, LiveStore
from console.widgets.filter_bar import FilterBar
from console.widgets.live_table import LiveTable
from console.widgets.row_index import Predicate, both


class ListView(QStackedWidget):
    """Shows `nothing` when there are no objects, `no_match` when the filter hides all of them.

    `counted(shown, total)` follows both numbers, and the state of the live stream: before that has told
    what there is, an empty table says nothing.
    """

    counted = Signal(int, int)

    def __init__(
        self, live: LiveStore, table: LiveTable, filter_: FilterBar, nothing: QWidget, no_match: QWidget
    ) -> None:
        super().__init__()
        self._live = live
        self.table, self.filter = table, filter_
        self.nothing, self.no_match = nothing, no_match
        self._text, self._predicate = "", filter_.predicate
        self._only: Predicate | None = None
        for part in (table, nothing, no_match):
            self.addWidget(part)
        filter_.changed.connect(self._filter)
        filter_.left.connect(table.setFocus)
        table.typed.connect(filter_.begin)
        table.model_.counted.connect(self._count)
        self.destroyed.connect(live.subscribe_state(lambda _state: self.recount()))

    def restrict(self, only: Predicate | None) -> None:
        """Whatever the filter says, show only rows for which `only` holds."""
        self._only = only
        self._apply()

    def recount(self) -> None:
        """Decides again what is shown."""
        self._count(self.table.model_.rowCount(), self.table.model_.total)

    def _filter(self, text: str, predicate: Any) -> None:
        self._text, self._predicate = text, predicate
        self._apply()

    def _apply(self) -> None:
        self.table.model_.filter(self._text, both(self._predicate, self._only))
        self.recount()

    def _count(self, shown: int, total: int) -> None:
        known = self._live.state is LiveState.LIVE
        nothing = self.no_match if total else self.nothing
        self.setCurrentWidget(nothing if not shown and (known or total) else self.table)
        self.counted.emit(shown, total)
