"""All software items of the library."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QMenu, QWidget

from backend_lite.contract.live import SOFTWARE
from backend_lite.contract.query import Node
from backend_lite.contract.software_query import SOFTWARE_FIELDS
from console.core.installed import is_removable
from console.core.live import LiveBatch
from console.core.texts import tr
from console.features.software.file_box import file_in
from console.features.software.item_actions import ItemActions
from console.features.software.item_columns import (
    SEARCHED,
    item_columns,
    item_predicate,
    known_words,
    search_text,
)
from console.features.software.item_preview import ItemPreview
from console.features.software.upload_desk import UploadDesk
from console.shell.context import Context
from console.shell.needing import gate
from console.shell.page import Page
from console.shell.parts import PageHeader, button, column
from console.widgets.empty_state import EmptyState
from console.widgets.list_view import ListView
from console.widgets.live_table import LiveTable
from console.widgets.query_bar import ProblemLine, QueryBar
from console.widgets.row_index import Predicate

Object = dict[str, Any]


class SoftwarePage(Page):
    key = "software"

    def __init__(self, context: Context, desk: UploadDesk) -> None:
        super().__init__()
        self._context, self._desk = context, desk
        self.setAcceptDrops(True)
        self.setWindowTitle(tr("Software"))
        self.search_hint = tr("Search software, devices, scripts or commands")
        self.filter = QueryBar(
            self,
            tr("Filter software"),
            SOFTWARE_FIELDS,
            self._predicate,
            (),
            lambda: known_words(context.live.kind(SOFTWARE).values()),
            looks_into_rows=True,
        )
        self.problem = ProblemLine(self.filter.query_box)
        self.table = LiveTable(
            "software",
            tr("Software"),
            item_columns(context.clock),
            search_text,
            context.settings,
            searched=SEARCHED,
            sort="name",
        )
        self.table.allow_drag(SOFTWARE)
        self.actions_ = ItemActions(self, context)
        self.new = button(
            tr("New software item"),
            self._new,
            "primary",
            icon="plus",
            need=context.rights.need("software:create"),
        )
        self.header = PageHeader(tr("Software"), self.new)
        self.header.below.addWidget(self.filter, 1)
        self.nothing = EmptyState(
            "package",
            tr("No software yet"),
            tr("A software item says how something is installed and removed: an MSI or EXE that you bring, "
               "a package of winget, Chocolatey, apt or dnf, or a script. Make one, then install it on "
               "devices or put it into a profile."),
            button(
                tr("New software item"), self._new, "primary", need=context.rights.need("software:create")
            ),
            button(tr("What is installed"), lambda: context.navigator.open("installed-software")),
        )  # fmt: skip
        no_match = EmptyState(
            "filter",
            tr("No software matches"),
            tr("No software item is what the filter asks for."),
            button(tr("Show all software"), self.filter.clear),
        )
        self.centre = ListView(context.live, self.table, self.filter, self.nothing, no_match)
        self.setLayout(column(self.header, self.problem, self.centre, gap=0))
        self.info = ItemPreview(context, self.actions_)
        self.destroyed.connect(self.info.deleteLater)
        self._connect()

    def details(self) -> QWidget | None:
        return self.info if self.table.selected_count() else None

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

    def _connect(self) -> None:
        table = self.table
        table.opened.connect(self.actions_.open)
        table.selection_changed.connect(self._selected)
        table.menu_opening.connect(self._fill_menu)
        self.centre.counted.connect(self._count)
        delete = QShortcut(QKeySequence(QKeySequence.StandardKey.Delete), table)
        gate(delete, self._context.rights.need("software:delete"))
        delete.setContext(Qt.ShortcutContext.WidgetShortcut)
        delete.activated.connect(self._delete_chosen)
        self.destroyed.connect(self._context.live.subscribe(SOFTWARE, self._take))
        self.centre.recount()

    def _predicate(self, node: Node) -> Predicate:
        return item_predicate(node, self._context.clock)

    def _take(self, batch: LiveBatch) -> None:
        self.table.take(batch)
        if self.table.selected_count() and (batch.reset or batch.changed):
            self.info.show_items(self.table.selected_objects())

    def _count(self, shown: int, total: int) -> None:
        self.header.show_count(shown, total)
        self.filter.setVisible(total > 0)
        self.new.setVisible(total > 0)

    def _selected(self) -> None:
        if chosen := self.table.selected_objects():
            self.info.show_items(chosen)
        self.details_changed.emit()

    def _fill_menu(self, menu: QMenu) -> None:
        chosen, actions = self.table.selected_objects(), self.actions_
        if not chosen:
            return
        if len(chosen) == 1:
            _add(menu, tr("Edit"), partial(actions.open, chosen[0]["id"]))
        gate(
            _add(menu, tr("Install on…"), partial(actions.install, chosen)),
            self._context.rights.need("rollouts:run"),
        )
        remove = _add(menu, tr("Uninstall from…"), partial(actions.uninstall, chosen))
        remove.setEnabled(all(map(is_removable, chosen)))
        gate(remove, self._context.rights.need("rollouts:run"))
        if len(chosen) == 1:
            _add(menu, tr("Where is it installed"), partial(actions.show_places, chosen[0]))
            menu.addSeparator()
            gate(
                _add(menu, tr("Duplicate"), partial(actions.duplicate, chosen[0])),
                self._context.rights.need("software:create"),
            )
        menu.addSeparator()
        gate(
            _add(menu, tr("Delete…"), partial(actions.ask_delete, chosen)),
            self._context.rights.need("software:delete"),
        )

    def _delete_chosen(self) -> None:
        if chosen := self.table.selected_objects():
            self.actions_.ask_delete(chosen)

    def _new(self) -> None:
        self._context.navigator.open("software-item", "new")


def _add(menu: QMenu, title: str, run: Callable[[], object]) -> Any:
    action = menu.addAction(title)
    action.triggered.connect(lambda _checked: run())
    return action
