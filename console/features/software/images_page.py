"""All images of operating systems, and the listener that serves them to boot tools."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QMenu

from backend_lite.contract.image_query import OS_IMAGE_FIELDS
from backend_lite.contract.live import OS_IMAGE, PROFILE
from backend_lite.contract.query import Node
from console.core.live import LiveBatch
from console.core.texts import tr
from console.features.software.boot_card import BootCard
from console.features.software.file_box import file_in
from console.features.software.image_actions import ImageActions
from console.features.software.image_columns import (
    image_columns,
    image_predicate,
    known_words,
    search_text,
)
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


class ImagesPage(Page):
    key = "os-images"

    def __init__(self, context: Context, desk: UploadDesk) -> None:
        super().__init__()
        self._context, self._desk = context, desk
        self.setAcceptDrops(True)
        self._profiles: Counter[int] = Counter()
        self.setWindowTitle(tr("OS images"))
        self.search_hint = tr("Search images, devices, scripts or commands")
        self.filter = QueryBar(
            self,
            tr("Filter images"),
            OS_IMAGE_FIELDS,
            self._predicate,
            (),
            lambda: known_words(context.live.kind(OS_IMAGE).values()),
            looks_into_rows=True,
        )
        self.problem = ProblemLine(self.filter.query_box)
        self.table = LiveTable(
            "os-images",
            tr("OS images"),
            image_columns(context.clock, lambda image_id: self._profiles[image_id]),
            search_text,
            context.settings,
            sort="name",
        )
        self.actions_ = ImageActions(self, context)
        self.new = button(
            tr("New OS image"),
            self._new,
            "primary",
            icon="plus",
            need=context.rights.need("os_images:create"),
        )
        self.header = PageHeader(tr("OS images"), self.new)
        self.header.below.addWidget(self.filter, 1)
        self.nothing = EmptyState(
            "disc",
            tr("No images yet"),
            tr("An image is what an operating system is installed from. Bring the file, which is verified "
               "and kept here, or write down where it lies; then link it to profiles, or hand it to "
               "boot tools."),
            button(tr("New OS image"), self._new, "primary", need=context.rights.need("os_images:create")),
        )  # fmt: skip
        no_match = EmptyState(
            "filter",
            tr("No image matches"),
            tr("No image is what the filter asks for."),
            button(tr("Show all images"), self.filter.clear),
        )
        self.centre = ListView(context.live, self.table, self.filter, self.nothing, no_match)
        self.boot = BootCard(context)
        lines = column(self.header, self.problem, self.centre, self.boot, gap=0)
        lines.setStretch(2, 1)
        self.setLayout(lines)
        self._connect()

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
        table, live = self.table, self._context.live
        table.opened.connect(self.actions_.open)
        table.menu_opening.connect(self._fill_menu)
        self.centre.counted.connect(self._count)
        delete = QShortcut(QKeySequence(QKeySequence.StandardKey.Delete), table)
        gate(delete, self._context.rights.need("os_images:delete"))
        delete.setContext(Qt.ShortcutContext.WidgetShortcut)
        delete.activated.connect(self._delete_chosen)
        for stop in (live.subscribe(PROFILE, self._take_profiles), live.subscribe(OS_IMAGE, table.take)):
            self.destroyed.connect(stop)
        self.centre.recount()

    def _predicate(self, node: Node) -> Predicate:
        return image_predicate(node, self._context.clock)

    def _take_profiles(self, _batch: LiveBatch) -> None:
        before = self._profiles
        profiles = self._context.live.kind(PROFILE).values()
        self._profiles = Counter(one["os_image_id"] for one in profiles if one["os_image_id"] is not None)
        self.table.model_.touch(
            [key for key in {*before, *self._profiles} if before[key] != self._profiles[key]]
        )

    def _count(self, shown: int, total: int) -> None:
        self.header.show_count(shown, total)
        self.filter.setVisible(total > 0)
        self.new.setVisible(total > 0)

    def _fill_menu(self, menu: QMenu) -> None:
        chosen, actions = self.table.selected_objects(), self.actions_
        if len(chosen) == 1:
            (image,) = chosen
            _add(menu, tr("Edit"), partial(actions.open, image["id"]))
            has_file = image["file_sha256"] is not None
            _add(menu, tr("Download…"), partial(actions.ask_download, image)).setEnabled(has_file)
            boot = _add(menu, tr("Boot address…"), partial(actions.ask_boot_address, image))
            boot.setEnabled(has_file)
            gate(boot, self._context.rights.need("os_images:run"))
            menu.addSeparator()
        if chosen:
            gate(
                _add(menu, tr("Delete…"), partial(actions.ask_delete, chosen)),
                self._context.rights.need("os_images:delete"),
            )

    def _delete_chosen(self) -> None:
        if chosen := self.table.selected_objects():
            self.actions_.ask_delete(chosen)

    def _new(self) -> None:
        self._context.navigator.open("os-image", "new")


def _add(menu: QMenu, title: str, run: Callable[[], object]) -> QAction:
    action = menu.addAction(title)
    action.triggered.connect(lambda _checked: run())
    return action
