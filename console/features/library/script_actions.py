"""What can be done with the chosen scripts, from the menu, by key and by dragging."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import QFileDialog, QMenu

from backend_lite.contract.live import SCRIPT
from backend_lite.contract.runs import TaskAction
from console.core.run_request import RUN_DIALOG, RunRequest
from console.core.texts import plural, tr
from console.features.library import bulk, ops, tree_ops
from console.features.library.favorites import Favorites
from console.features.library.folder_choice import FolderChoice
from console.features.library.folders import folders_of, is_inside, moved
from console.features.library.tags_dialog import TagsDialog
from console.features.library.tree_ops import Written
from console.shell.context import Context
from console.shell.needing import gate
from console.shell.notices import Action
from console.shell.page import Page
from console.widgets.audit_history import add_history
from console.widgets.confirm import ConfirmDialog, confirm
from console.widgets.report import Report

Object = dict[str, Any]
_NAMED = 3


class ScriptActions(QObject):
    """`chosen` gives the selection of `page`. What moved or tagged scripts can be undone, once."""

    def __init__(
        self, page: Page, context: Context, favorites: Favorites, chosen: Callable[[], list[Object]]
    ) -> None:
        super().__init__(page)
        self._page, self._context, self._favorites, self._chosen = page, context, favorites, chosen
        self._back: tuple[str, list[bulk.Change]] | None = None
        for keys, run, needed in (
            (QKeySequence(QKeySequence.StandardKey.Delete), self._delete_chosen, "scripts:delete"),
            (QKeySequence("Ctrl+B"), self._turn_chosen, "scripts:view"),
            (QKeySequence(QKeySequence.StandardKey.Undo), self.undo, "scripts:edit"),
        ):
            shortcut = QShortcut(keys, page)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(run)
            gate(shortcut, context.rights.need(needed))

    def fill(self, menu: QMenu) -> None:
        chosen = self._chosen()
        if not chosen:
            return
        if len(chosen) == 1:
            self._fill_for_one(menu, chosen[0])
        add = partial(_add, menu)
        edits = self._context.rights.need("scripts:edit")
        gate(add(tr("Move to folder…"), lambda: self.ask_folder(chosen)), edits)
        gate(add(tr("Tags…"), lambda: self.ask_tags(chosen)), edits)
        ids = [script["id"] for script in chosen]
        kept = self._favorites.ids.issuperset(ids)
        add(tr("No favorite any more") if kept else tr("Favorite"), self._turn_chosen, "Ctrl+B")
        add(tr("Export…"), lambda: self.ask_export(chosen))
        menu.addSeparator()
        delete = add(tr("Delete…"), lambda: self.ask_delete(chosen), "Del")
        gate(delete, self._context.rights.need("scripts:delete"))

    def open(self, script_id: int) -> None:
        self._context.navigator.open("script", str(script_id))

    def run(self, script_id: int, action: TaskAction | None = None) -> None:
        self._context.navigator.ask(RUN_DIALOG, RunRequest(script_id=script_id, action=action))

    def duplicate(self, script: Object) -> None:
        self._context.ops.run(
            ops.duplicate(self._context.client, script["id"]),
            on_success=lambda made: self.open(made.id),
            owner=self._page,
        )

    # ---- folders and tags

    def ask_folder(self, scripts: list[Object]) -> FolderChoice:
        title = plural(len(scripts), "Move the script to a folder", "Move {count} scripts to a folder")
        folders = {str(script["folder"]) for script in scripts}
        every = list(folders_of(self._every()).values())
        dialog = FolderChoice(self._page, title, every, folders.pop() if len(folders) == 1 else "")
        dialog.chosen.connect(lambda folder: self.move(scripts, folder))
        dialog.open()
        return dialog

    def move(self, scripts: Sequence[Object], folder: str) -> None:
        self._change(bulk.moves(scripts, lambda _now: folder), _moved_to(folder))

    def move_folder(self, old: str, new: str) -> None:
        """All that lies in it goes with it."""
        inside = [one for one in self._every() if is_inside(str(one["folder"]), old)]
        self._change(bulk.moves(inside, lambda now: moved(now, old, new)), _moved_to(new))

    def ask_tags(self, scripts: list[Object]) -> TagsDialog:
        title = plural(len(scripts), "Tags of the script", "Tags of {count} scripts")
        now = sorted({tag for script in scripts for tag in script["tags"]})
        known = sorted({tag for script in self._every() for tag in script["tags"]})
        dialog = TagsDialog(self._page, title, now, known)
        dialog.chosen.connect(
            lambda add, remove: self._change(bulk.tag_changes(scripts, add, remove), tr("tagged"))
        )
        dialog.open()
        return dialog

    def undo(self) -> None:
        """Takes the last move or tagging back."""
        if self._back is not None:
            (what, changes), self._back = self._back, None
            self._change(changes, what)

    def _change(self, changes: list[bulk.Change], what: str) -> None:
        """`what` happens to them, such as "moved"."""
        if not changes:
            return
        title = plural(len(changes), "Change the script", "Change {count} scripts")
        self._context.ops.run(
            bulk.change_scripts(self._context.client, changes, title),
            on_success=lambda outcome: self._changed(outcome, what),
            owner=self._page,
        )

    def _changed(self, outcome: bulk.Outcome, what: str) -> None:
        if outcome.back:
            self._back = (tr("back as before"), outcome.back)
            count = plural(len(outcome.done), "{count} script", "{count} scripts")
            said = tr("{count}: {what}.", count=count, what=what)
            self._context.notices.notice(said, "good", Action(tr("Undo"), self.undo))
        self._report(outcome, plural(len(outcome.refused), "One was not changed", "{count} were not changed"))

    # ---- favorites, deleting

    def _turn_chosen(self) -> None:
        self._favorites.toggle([script["id"] for script in self._chosen()])

    def _delete_chosen(self) -> None:
        if chosen := self._chosen():
            self.ask_delete(chosen)

    def ask_delete(self, scripts: list[Object]) -> ConfirmDialog:
        names = ", ".join(f"“{script['name']}”" for script in scripts[:_NAMED])
        names += "…" if len(scripts) > _NAMED else ""
        return confirm(
            self._page,
            plural(len(scripts), "Delete this script?", "Delete {count} scripts?"),
            tr("{names} leaves the library with all its revisions. Runs keep what they ran.", names=names),
            tr("Delete"),
            lambda: self._delete(scripts),
        )

    def _delete(self, scripts: list[Object]) -> None:
        def deleted(outcome: bulk.Outcome) -> None:
            if outcome.done:
                self._context.notices.notice(
                    plural(len(outcome.done), "The script was deleted.", "{count} scripts were deleted.")
                )
            count = len(outcome.refused)
            self._report(outcome, plural(count, "One was not deleted", "{count} were not deleted"))

        self._context.ops.run(
            bulk.delete_scripts(self._context.client, scripts), on_success=deleted, owner=self._page
        )

    # ---- files

    def ask_export(self, scripts: list[Object]) -> None:
        title = plural(len(scripts), "Export the script to a folder", "Export {count} scripts to a folder")
        dialog = QFileDialog(self._page, title)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(lambda folder: self.export_to(folder, scripts))
        dialog.open()

    def export_to(self, folder: str, scripts: Sequence[Object]) -> None:
        def written(found: Written) -> None:
            if found.files:
                said = plural(found.files, "{count} file written to", "{count} files written to")
                self._context.notices.notice(f"{said} {folder}.", "good")
            else:
                self._context.notices.notice(tr("Everything in {folder} is so already.", folder=folder))

        self._context.ops.run(tree_ops.export(Path(folder), scripts), on_success=written, owner=self._page)

    # ---- inside

    def _fill_for_one(self, menu: QMenu, script: Object) -> None:
        add, rights = partial(_add, menu), self._context.rights
        add(tr("Edit"), lambda: self.open(script["id"]), "Return")
        run = add(tr("Run…"), lambda: self.run(script["id"]))
        undo = add(tr("Undo…"), lambda: self.run(script["id"], TaskAction.UNDO))
        undo.setEnabled(bool(script["undo"]))
        detect = add(tr("Detect only…"), lambda: self.run(script["id"], TaskAction.DETECT))
        detect.setEnabled(bool(script["detect"]))
        for entry in (run, undo, detect):
            gate(entry, rights.need("rollouts:run"))
        add_history(menu, self._context, "script", script["id"])
        menu.addSeparator()
        gate(add(tr("Duplicate"), lambda: self.duplicate(script)), rights.need("scripts:create"))

    def _every(self) -> list[Object]:
        return list(self._context.live.kind(SCRIPT).values())

    def _report(self, outcome: bulk.Outcome, title: str) -> None:
        if len(outcome.refused) == 1:
            self._context.notices.notice(outcome.refused[0], "bad")
        elif outcome.refused:
            text = tr("Here is why. Everything else was done.")
            Report(self._page, title, text, outcome.refused).open()


def _moved_to(folder: str) -> str:
    return tr("moved to {folder}", folder=folder) if folder else tr("moved to the top")


def _add(menu: QMenu, title: str, run: Callable[[], object], keys: str = "") -> QAction:
    action = menu.addAction(title)
    if keys:
        # Only said here: the page listens to the keys.
        action.setShortcut(QKeySequence(keys))
    action.triggered.connect(lambda _checked: run())
    return action
