"""What the lists of the library's things with files have in common: a filter, a table with its keys and its
menu, and what is said while there are none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from backend_lite.contract.query import Field, Node
from console.core.formatting import Clock
from console.core.live import LiveBatch
from console.core.own_rights import Need
from console.core.texts import tr
from console.features.software.editing import Editing
from console.features.software.file_box import file_in
from console.features.software.image_actions import ImageActions
from console.features.software.item_actions import ItemActions
from console.features.software.upload_desk import UploadDesk
from console.shell.context import Context
from console.shell.needing import follow, gate
from console.shell.page import Page
from console.shell.parts import PageHeader, button, column
from console.widgets.empty_state import EmptyState
from console.widgets.list_view import ListView
from console.widgets.live_table import LiveTable
from console.widgets.query_bar import ProblemLine, QueryBar
from console.widgets.row_index import Predicate

Object = dict[str, Any]


class ListPage(Page):
    """Shows all of one kind; a new one is made on the page `editor_key`. Whoever inherits makes `actions_`
    and then calls `set_up`."""

    editor_key = ""
    actions_: ItemActions | ImageActions

    def __init__(
        self,
        context: Context,
        desk: UploadDesk,
        editing: Editing[Any],
        hint: str,
        fields: Sequence[Field],
        predicate_of: Callable[[Node, Clock], Predicate],
        known_words: Callable[[Iterable[Object]], Mapping[str, Iterable[str]]],
    ) -> None:
        super().__init__()
        self._context, self._desk, self._editing = context, desk, editing
        follow(self, self._creates, self.setAcceptDrops)
        self.setWindowTitle(editing.many)
        self.filter = QueryBar(
            self,
            hint,
            fields,
            lambda node: predicate_of(node, context.clock),
            (),
            lambda: known_words(context.live.kind(editing.live).values()),
            looks_into_rows=True,
        )
        self.problem = ProblemLine(self.filter.query_box)
        self.new = self.new_button("plus")
        self.header = PageHeader(editing.many, self.new)
        self.header.below.addWidget(self.filter, 1)

    def new_button(self, icon: str = "") -> QPushButton:
        return button(self._editing.new_title, self._new, "primary", icon=icon, need=self._creates)

    def set_up(
        self, table: LiveTable, nothing: EmptyState, no_match: tuple[str, str], *below: QWidget
    ) -> None:
        """`no_match` is what is said, as a title and a sentence, while the filter hides all."""
        self.table, self.nothing = table, nothing
        show_all = button(self._editing.show_all, self.filter.clear)
        self.centre = ListView(
            self._context.live, table, self.filter, nothing, EmptyState("filter", *no_match, show_all)
        )
        lines = column(self.header, self.problem, self.centre, *below, gap=0)
        lines.setStretch(2, 1)
        self.setLayout(lines)
        table.opened.connect(self.actions_.open)
        table.menu_opening.connect(self._fill_menu)
        table.on_key("Del", self._delete_chosen, self._context.rights.need(self._deletes))
        self.centre.counted.connect(self._count)
        self.destroyed.connect(self._context.live.subscribe(self._editing.live, self.take))
        self.centre.recount()

    def take(self, batch: LiveBatch) -> None:
        self.table.take(batch)

    def fill_menu(self, menu: QMenu, chosen: list[Object]) -> None:
        """What can be done with the chosen, besides editing and deleting."""
        raise NotImplementedError

    def add(
        self, menu: QMenu, title: str, run: Callable[[], object], needed: str = "", *, possible: bool = True
    ) -> None:
        """`needed` is the right that it takes."""
        action = menu.addAction(title)
        action.triggered.connect(lambda _checked: run())
        action.setEnabled(possible)
        if needed:
            gate(action, self._context.rights.need(needed))

    # ---- what Qt calls

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if file_in(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """A file that is dropped on the list is the beginning of a new one."""
        if (path := file_in(event)) is not None:
            event.acceptProposedAction()
            self._desk.start("new", path)
            self._new()

    # ---- inside

    @property
    def _creates(self) -> Need:
        return self._context.rights.need(f"{self._editing.artifact}:create")

    @property
    def _deletes(self) -> str:
        return f"{self._editing.artifact}:delete"

    def _count(self, shown: int, total: int) -> None:
        self.header.show_count(shown, total)
        self.filter.setVisible(total > 0)
        self.new.setVisible(total > 0)

    def _fill_menu(self, menu: QMenu) -> None:
        chosen = self.table.selected_objects()
        if not chosen:
            return
        if len(chosen) == 1:
            self.add(menu, tr("Edit"), partial(self.actions_.open, chosen[0]["id"]))
        self.fill_menu(menu, chosen)
        if menu.actions():
            menu.addSeparator()
        self.add(menu, tr("Delete…"), partial(self.actions_.ask_delete, chosen), self._deletes)

    def _delete_chosen(self) -> None:
        if chosen := self.table.selected_objects():
            self.actions_.ask_delete(chosen)

    def _new(self) -> None:
        self._context.navigator.open(self.editor_key, "new")
