"""All scripts of the library: folders on the left, the scripts beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QMimeData, Qt, QTimer
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog, QMenu, QSplitter, QWidget

from backend_lite.contract.live import SCRIPT
from backend_lite.contract.query import Node
from backend_lite.contract.script_query import SCRIPT_FIELDS
from console.core.live import LiveBatch
from console.core.starter_library import Loaded
from console.core.texts import plural, tr
from console.features.library import ops
from console.features.library.bulk import Outcome
from console.features.library.favorites import Favorites
from console.features.library.folder_tree import FAVORITES, INSIDE, FolderTree, Place
from console.features.library.import_dialog import ImportDialog
from console.features.library.script_actions import ScriptActions
from console.features.library.script_columns import (
    SEARCHED,
    depends_on_time,
    known_words,
    script_columns,
    script_predicate,
    search_text,
)
from console.features.library.script_preview import ScriptPreview
from console.features.library.tree_ops import FILES
from console.shell.context import Context
from console.shell.needing import follow, gate
from console.shell.page import Page
from console.shell.parts import PageHeader, button, column
from console.shell.window_state import restore_splitter, save_splitter
from console.widgets.empty_state import EmptyState
from console.widgets.list_view import ListView
from console.widgets.live_table import LiveTable
from console.widgets.query_bar import ProblemLine, QueryBar
from console.widgets.report import Report
from console.widgets.row_index import Predicate

Object = dict[str, Any]
_TICK_MS = 60_000
_TREE_WIDTH, _TREE_LEAST = 200, 160
_SPLITTER = "scripts/across"


class ScriptsPage(Page):
    key = "scripts"

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.setWindowTitle(tr("Scripts"))
        follow(self, context.rights.need("scripts:create"), self.setAcceptDrops)
        self.search_hint = tr("Search scripts, devices, runs or commands")
        self.favorites = Favorites(self, context)
        self.filter = QueryBar(
            self,
            tr("Filter scripts"),
            SCRIPT_FIELDS,
            self._predicate,
            (),
            lambda: known_words(context.live.kind(SCRIPT).values()),
            looks_into_rows=True,
        )
        self.problem = ProblemLine(self.filter.query_box)
        self.table = LiveTable(
            "scripts",
            tr("Scripts"),
            script_columns(context.clock, self.favorites.__contains__),
            search_text,
            context.settings,
            searched=SEARCHED,
            sort="name",
        )
        edits = context.rights.need("scripts:edit")
        self.table.allow_drag(SCRIPT, edits)
        self.actions_ = ScriptActions(self, context, self.favorites, self.table.selected_objects)
        self.take_files = button(
            tr("Import…"), lambda: self._ask_what(self.take_files), need=context.rights.need("scripts:create")
        )
        self.export = button(tr("Export…"), self._export_shown)
        self.new = button(
            tr("New script"), self._new, "primary", icon="plus", need=context.rights.need("scripts:create")
        )
        self.header = PageHeader(tr("Scripts"), self.take_files, self.export, self.new)
        self.header.below.addWidget(self.filter, 1)
        first_import = button(
            tr("Import…"), lambda: self._ask_what(first_import), need=context.rights.need("scripts:create")
        )
        self.nothing = EmptyState(
            "script",
            tr("No scripts yet"),
            tr("A script is what you run on devices: PowerShell, Bash, cmd or Python. Write one, import "
               "files or a folder (or drop them here), or begin with those that come with DeployFlow."),
            button(tr("New script"), self._new, "primary", need=context.rights.need("scripts:create")),
            first_import,
            button(
                tr("Load the starter library"), self._load_starters,
                need=context.rights.need("scripts:create"),
            ),
        )  # fmt: skip
        self.no_match = EmptyState(
            "filter",
            tr("No script matches"),
            tr("No script is what the filter asks for."),
            button(tr("Show all scripts"), self._show_all),
        )
        self.centre = ListView(context.live, self.table, self.filter, self.nothing, self.no_match)
        self.tree = FolderTree(edits)
        self.tree.setMinimumWidth(_TREE_LEAST)
        self.across = QSplitter(Qt.Orientation.Horizontal)
        self.across.setHandleWidth(1)
        self.across.addWidget(self.tree)
        self.across.addWidget(self.centre)
        self.across.setStretchFactor(1, 1)
        self.across.setCollapsible(1, False)
        if not restore_splitter(context.settings, _SPLITTER, self.across):
            self.across.setSizes([_TREE_WIDTH, 4 * _TREE_WIDTH])
        lines = column(self.header, self.problem, self.across, gap=0)
        lines.setStretch(2, 1)
        self.setLayout(lines)
        self.info = ScriptPreview(context)
        self.destroyed.connect(self.info.deleteLater)
        self._again = QTimer(self)
        self._again.setInterval(_TICK_MS)
        self._again.timeout.connect(self._look_again)
        self._again.start()
        self._connect()

    def show_target(self, target: str | None) -> None:
        # Another window of the same person may have changed them.
        self.favorites.load()

    def details(self) -> QWidget | None:
        return self.info if self.table.selected_count() else None

    # ---- what Qt calls

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _files_in(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        if paths := _files_in(event.mimeData()):
            event.acceptProposedAction()
            self.import_paths(paths)

    # ---- showing

    def _connect(self) -> None:
        table, live, tree, actions = self.table, self._context.live, self.tree, self.actions_
        table.opened.connect(actions.open)
        table.selection_changed.connect(self._selected)
        table.menu_opening.connect(actions.fill)
        table.ticked.connect(self.favorites.toggle)
        self.favorites.changed.connect(self._favorites_changed)
        tree.chosen.connect(self._show_place)
        tree.left.connect(table.setFocus)
        tree.scripts_dropped.connect(self._dropped)
        tree.renamed.connect(self._rename_folder)
        tree.folder_dropped.connect(self._move_folder)
        tree.menu_opening.connect(self._fill_folder_menu)
        self.across.splitterMoved.connect(
            lambda *_: save_splitter(self._context.settings, _SPLITTER, self.across)
        )
        self.centre.counted.connect(self._count)
        self.destroyed.connect(live.subscribe(SCRIPT, self._take))
        self.centre.recount()

    def _take(self, batch: LiveBatch) -> None:
        self.table.take(batch)
        self._show_folders()
        if self.table.selected_count() and (batch.reset or batch.changed):
            self.info.show_scripts(self.table.selected_objects())

    def _show_folders(self) -> None:
        scripts = self._context.live.kind(SCRIPT)
        favorites = sum(script_id in scripts for script_id in self.favorites.ids)
        self.tree.show_scripts(scripts.values(), favorites)

    def _count(self, shown: int, total: int) -> None:
        self.header.show_count(shown, total)
        for part in (self.filter, self.tree, self.take_files, self.export, self.new):
            part.setVisible(total > 0)
        self.no_match.say(*self._why_nothing())

    def _why_nothing(self) -> tuple[str, str]:
        if self.tree.place.kind == FAVORITES and not self.favorites.ids:
            sentence = tr("Press the star of a script, or Ctrl+B, and it is here.")
            return tr("No favorites yet"), sentence
        return tr("No script matches"), tr("No script here is what the filter asks for.")

    def _selected(self) -> None:
        chosen = self.table.selected_objects()
        if chosen:
            self.info.show_scripts(chosen)
        self.details_changed.emit()

    def _favorites_changed(self, ids: list[int]) -> None:
        self.table.model_.touch(ids)
        self.table.model_.filter_again()
        self._show_folders()

    def _predicate(self, node: Node) -> Predicate:
        return script_predicate(node, self.favorites, self._context.clock)

    def _look_again(self) -> None:
        if self.isVisible() and depends_on_time(self.filter.query_box.node):
            self.table.model_.filter_again()

    def _show_place(self, place: Place) -> None:
        if place.kind == FAVORITES:
            self.centre.restrict(lambda script: script["id"] in self.favorites)
        else:
            self.centre.restrict(place.holds if place.kind == INSIDE else None)

    def _show_all(self) -> None:
        self.tree.choose(Place())
        self.filter.clear()

    # ---- folders

    def _dropped(self, ids: list[int], folder: str) -> None:
        known = (self._context.live.get(SCRIPT, script_id) for script_id in ids)
        self.actions_.move([script for script in known if script is not None], folder)

    def _rename_folder(self, folder: str, name: str) -> None:
        above = folder.rpartition("/")[0]
        self._folder_becomes(folder, f"{above}/{name}" if above else name)

    def _move_folder(self, folder: str, into: str) -> None:
        name = folder.rpartition("/")[2]
        self._folder_becomes(folder, f"{into}/{name}" if into else name)

    def _folder_becomes(self, old: str, new: str) -> None:
        if old != new:
            self.tree.follow(Place(INSIDE, new))
            self.actions_.move_folder(old, new)

    def _fill_folder_menu(self, menu: QMenu, place: Place) -> None:
        inside = [one for one in self._context.live.kind(SCRIPT).values() if place.holds(one)]
        if place.kind == INSIDE:
            gate(
                menu.addAction(tr("Rename (F2)")), self._context.rights.need("scripts:edit")
            ).triggered.connect(lambda _checked: self.tree.rename_current())
        self._fill_import_menu(menu)
        if place.kind != FAVORITES:
            menu.addAction(tr("Export…")).triggered.connect(lambda _checked: self.actions_.ask_export(inside))

    # ---- making, files

    def _new(self) -> None:
        self._context.navigator.open("script", "new")

    def _load_starters(self) -> None:
        def loaded(found: Loaded) -> None:
            if found.problems:
                title = plural(len(found.problems), "One was not loaded", "{count} were not loaded")
                Report(self, title, tr("Here is why."), found.problems).open()
            count = len(found.scripts)
            self._context.notices.notice(plural(count, "{count} script loaded.", "{count} scripts loaded."))

        self._context.ops.run(ops.load_starters(self._context.client), on_success=loaded, owner=self)

    def _export_shown(self) -> None:
        """What is chosen, or else everything that is shown."""
        self.actions_.ask_export(self.table.selected_objects() or list(self.table.model_.shown_objects()))

    def _ask_what(self, below: QWidget) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._fill_import_menu(menu)
        menu.popup(below.mapToGlobal(below.rect().bottomLeft()))

    def _fill_import_menu(self, menu: QMenu) -> None:
        gate(
            menu.addAction(tr("Import a folder…")), self._context.rights.need("scripts:create")
        ).triggered.connect(lambda _checked: self.ask_folder())
        gate(
            menu.addAction(tr("Import files…")), self._context.rights.need("scripts:create")
        ).triggered.connect(lambda _checked: self.ask_files())

    def ask_folder(self) -> None:
        dialog = QFileDialog(self, tr("Import scripts: choose the folder they lie in"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        self._ask_paths(dialog)

    def ask_files(self) -> None:
        endings = " ".join(f"*{ending}" for ending in FILES)
        scripts, every = tr("Scripts ({endings})", endings=endings), tr("All files (*)")
        dialog = QFileDialog(self, tr("Import scripts"), "", f"{scripts};;{every}")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        self._ask_paths(dialog)

    def _ask_paths(self, dialog: QFileDialog) -> None:
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.filesSelected.connect(lambda found: self.import_paths([Path(path) for path in found]))
        dialog.open()

    def import_paths(self, paths: list[Path]) -> ImportDialog:
        """Shows what would come of these folders and files."""
        dialog = ImportDialog(self, self._context, paths)
        dialog.ended.connect(self._imported)
        dialog.open()
        return dialog

    def _imported(self, outcome: Outcome) -> None:
        if outcome.done:
            count = len(outcome.done)
            self._context.notices.notice(
                plural(count, "{count} script imported.", "{count} scripts imported."), "good"
            )
        if outcome.refused:
            count = len(outcome.refused)
            title = plural(count, "One script was not imported", "{count} scripts were not imported")
            Report(self, title, tr("Everything else was. Here is why:"), outcome.refused).open()


def _files_in(data: QMimeData) -> list[Path]:
    """Folders, and files that can be scripts."""
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    return [path for path in paths if path.is_dir() or path.suffix.lower() in FILES]
