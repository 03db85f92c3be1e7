"""A table of what the live stream has and, on demand, of what is older, under a query."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from backend_lite.contract.query import Field, Node, Value, matcher
from console.core import run_ops
from console.core.history import History, Where
from console.core.live import LiveBatch
from console.core.texts import tr
from console.shell.context import Context
from console.shell.parts import button, column, frame, label, row
from console.widgets.empty_state import EmptyState
from console.widgets.filter_bar import Choice
from console.widgets.list_view import ListView
from console.widgets.live_table import LiveTable
from console.widgets.query_bar import ProblemLine, QueryBar
from console.widgets.row_index import Predicate
from console.widgets.table_columns import Column

Object = dict[str, Any]


@dataclass(frozen=True)
class Listing:
    """What is listed, and in which words. The list at `path` takes the query as `q`.

    `value_of(item, field, now)` is for the query; `words_of` gives the words that stand in a field now.
    `all_read` is the sentence for so many read to the end.
    """

    kind: str
    path: str
    is_open: Callable[[Object], bool]
    fields: Sequence[Field]
    value_of: Callable[[Object, str, datetime], Value]
    search: Callable[[Object], str]
    hint: str
    no_match: str
    older: str
    all_read: Callable[[int], str]
    words_of: Callable[[Iterable[Object]], Mapping[str, Iterable[str]]]


class HistoryList(QWidget):
    """`filter` is for the page to place. `counted(shown, total)` follows both numbers; `cleared`: a person
    wants to see everything again. With `scoped` there is nothing before `show_where`."""

    counted = Signal(int, int)
    cleared = Signal()

    def __init__(
        self,
        context: Context,
        listing: Listing,
        name: str,
        title: str,
        columns: Sequence[Column],
        nothing: EmptyState,
        choices: Sequence[Choice] = (),
        *,
        scoped: bool = False,
    ) -> None:
        super().__init__()
        self._context, self._listing = context, listing
        self._history = self._new_history(None, (lambda _item: False) if scoped else None)
        self.table = LiveTable(
            name, title, columns, listing.search, context.settings, sort="started", descending=True
        )
        self.table.tick()
        self.filter = QueryBar(
            self, listing.hint, listing.fields, self._predicate, choices, self._known_words
        )
        self._problem_line = ProblemLine(self.filter.query_box)
        self.problem = self._problem_line.text
        self._look_older = button(tr("Look further back"), self.load_older)
        show_all = button(tr("Show all"), self._clear)
        self.no_match = EmptyState(
            "filter", listing.no_match, tr("Nothing that is loaded matches."), self._look_older, show_all
        )
        self.view = ListView(context.live, self.table, self.filter, nothing, self.no_match)
        self.older = button(listing.older, self.load_older, "link")
        self.note = label("", "secondary")
        self._foot = frame("tool-bar-bottom", row(self.note, self.older, None, *self.tools()), (16, 4, 12, 4))
        self.setLayout(column(self._problem_line, self.view, self._foot, gap=0))
        self.view.counted.connect(self._counted)
        self.destroyed.connect(context.live.subscribe(listing.kind, self._take))
        self.view.recount()

    def tools(self) -> list[QWidget]:
        """What stands on the right below the table, while any of it is not hidden."""
        return []

    def taken(self, batch: LiveBatch) -> None:
        """The table has taken these news."""

    def show_where(self, where: Where, holds: Callable[[Object], bool]) -> None:
        """Only what the service lists for `where`, which is what `holds` for."""
        self._history = self._new_history(where, holds)
        self.table.model_.take(self._history.objects, reset=True)
        self.say()

    @property
    def known(self) -> dict[int, Object]:
        """Everything that has been read, shown or not."""
        return self._history.objects

    def load_older(self, then: Callable[[], None] | None = None) -> None:
        """Reads one page of what the query asks for; `then` follows if something was on it."""
        history, query = self._history, self.filter.query

        def show(new: dict[int, Object]) -> None:
            if history is self._history:
                self.table.model_.take(new)
                self.table.model_.settle()
                self.say()
                if new and then is not None:
                    then()

        self._context.ops.run(
            run_ops.older(history, query, self._listing.older),
            on_success=show,
            busy=self.older,
            owner=self,
        )

    def load_first(self) -> None:
        """Reads a page, unless everything is known already."""
        if not self._history.is_complete():
            self.load_older()

    def load_all(self) -> None:
        """Reads page after page, each shown as it comes."""
        if not self._history.is_complete(self.filter.query):
            self.load_older(self.load_all)

    def say(self) -> None:
        """Says again what can be read, and what of it has been."""
        asked, total = self.filter.query, self.table.model_.total
        complete, read = self._history.is_complete(asked), self._history.has_read(asked)
        self.older.setVisible(total > 0 and not complete)
        self._look_older.setVisible(not complete)
        shown = self.table.model_.rowCount() if asked else total
        self.note.setText(self._listing.all_read(shown) if read and complete else "")
        self.note.setVisible(bool(self.note.text()))
        parts = (self.note, self.older, *self.tools())
        self._foot.setVisible(any(not part.isHidden() for part in parts))

    # ---- inside

    def _new_history(self, where: Where | None, holds: Callable[[Object], bool] | None) -> History:
        one, live = self._listing, self._context.live
        return History(
            live, self._context.client, one.kind, one.path, one.is_open, where, holds or (lambda _item: True)
        )

    def _predicate(self, node: Node) -> Predicate:
        matches, value_of, clock = matcher(node), self._listing.value_of, self._context.clock
        return lambda item: matches(lambda name: value_of(item, name, clock()))

    def _known_words(self) -> Mapping[str, Iterable[str]]:
        return self._listing.words_of(self.known.values())

    def _take(self, batch: LiveBatch) -> None:
        mine = self._history.take(batch)
        if mine.reset or mine.changed or mine.removed:
            self.table.take(mine)
            if mine.reset:
                self.say()
            self.taken(mine)

    def _counted(self, shown: int, total: int) -> None:
        self.say()
        self.counted.emit(shown, total)

    def _clear(self) -> None:
        self.filter.clear()
        self.cleared.emit()
