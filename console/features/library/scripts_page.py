"""All scripts of the library."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from backend_lite.contract.library import Script
from backend_lite.contract.live import SCRIPT
from console.core import formatting, words
from console.core.formatting import NOTHING, Clock
from console.core.live import LiveBatch
from console.core.run_request import RUN_DIALOG, RunRequest
from console.core.texts import plural, tr
from console.features.library import ops
from console.features.library.script_preview import ScriptPreview
from console.shell.context import Context
from console.shell.page import Page
from console.shell.parts import PageHeader, button, column
from console.widgets.confirm import ConfirmDialog, confirm
from console.widgets.empty_state import EmptyState
from console.widgets.filter_bar import FilterBar
from console.widgets.list_view import ListView
from console.widgets.live_table import LiveTable
from console.widgets.table_columns import Column, Kind

Object = dict[str, Any]
_NAMED = 3


def script_columns(clock: Clock) -> list[Column]:
    return [
        Column("name", tr("Name"), lambda script: str(script["name"]), Kind.STRONG, width=220),
        Column("language", tr("Language"), lambda s: words.language_word(s["language"]), width=100),
        Column("system", tr("Runs on"), lambda s: words.system_word(s.get("target_os_type")), width=110),
        Column(
            "revision",
            tr("Revision"),
            lambda s: str(s["revision"]),
            Kind.NUMBER,
            sort=lambda s: s["revision"],
            width=80,
        ),
        Column(
            "updated",
            tr("Updated"),
            lambda s: formatting.local_time(s["updated_at"], clock()),
            sort=lambda s: s["updated_at"],
            width=130,
        ),
        Column(
            "description", tr("Description"), lambda s: s.get("description") or NOTHING, Kind.MUTED, width=260
        ),
    ]


def search_text(script: Object) -> str:
    words_ = (script["name"], script["language"], script.get("target_os_type"), script.get("description"))
    return " ".join(word for word in words_ if word).lower()


class ScriptsPage(Page):
    key = "scripts"

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.setWindowTitle(tr("Scripts"))
        self.search_hint = tr("Search scripts, devices, runs or commands")
        self.filter = FilterBar(self, tr("Filter scripts"))
        self.table = LiveTable(
            "scripts",
            tr("Scripts"),
            script_columns(context.clock),
            search_text,
            context.settings,
            sort="name",
        )
        self.take_files = button(tr("Import…"), self._ask_files)
        self.new = button(tr("New script"), self._new, "primary", icon="plus")
        self.header = PageHeader(tr("Scripts"), self.take_files, self.new)
        self.header.below.addWidget(self.filter, 1)
        self.nothing = EmptyState(
            "script",
            tr("No scripts yet"),
            tr("A script is what you run on devices: PowerShell, Bash, cmd or Python."),
            button(tr("New script"), self._new, "primary"),
            button(tr("Import files…"), self._ask_files),
        )
        self.no_match = EmptyState(
            "filter",
            tr("No script matches"),
            tr("No script holds these words."),
            button(tr("Show all scripts"), self.filter.clear),
        )
        self.centre = ListView(context.live, self.table, self.filter, self.nothing, self.no_match)
        self.setLayout(column(self.header, self.centre, gap=0))
        self.info = ScriptPreview(context)
        self.destroyed.connect(self.info.deleteLater)
        self._connect()

    def details(self) -> QWidget | None:
        return self.info if self.table.selected_count() else None

    def _connect(self) -> None:
        table, live = self.table, self._context.live
        table.opened.connect(self._open)
        table.selection_changed.connect(self._selected)
        table.menu_opening.connect(self._fill_menu)
        self.centre.counted.connect(self._count)
        self.destroyed.connect(live.subscribe(SCRIPT, self._take))
        self.centre.recount()

    def _take(self, batch: LiveBatch) -> None:
        self.table.take(batch)
        if self.table.selected_count() and (batch.reset or batch.changed):
            self.info.show_scripts(self.table.selected_objects())

    def _count(self, shown: int, total: int) -> None:
        self.header.show_count(shown, total)
        self.filter.setVisible(total > 0)

    def _selected(self) -> None:
        chosen = self.table.selected_objects()
        if chosen:
            self.info.show_scripts(chosen)
        self.details_changed.emit()

    def _fill_menu(self, menu: QMenu) -> None:
        chosen = self.table.selected_objects()
        if len(chosen) == 1:
            script = chosen[0]
            for title, run in (
                (tr("Edit"), lambda: self._open(script["id"])),
                (tr("Run…"), lambda: self._run(script["id"])),
                (tr("Duplicate"), lambda: self._duplicate(script)),
            ):
                menu.addAction(title).triggered.connect(lambda _checked, run=run: run())
            menu.addSeparator()
        if chosen:
            menu.addAction(tr("Delete…")).triggered.connect(lambda _checked: self.ask_delete(chosen))

    def _new(self) -> None:
        self._context.navigator.open("script", "new")

    def _open(self, script_id: int) -> None:
        self._context.navigator.open("script", str(script_id))

    def _run(self, script_id: int) -> None:
        self._context.navigator.ask(RUN_DIALOG, RunRequest(script_id=script_id))

    def _names(self) -> set[str]:
        return {str(script["name"]).lower() for script in self._context.live.kind(SCRIPT).values()}

    def _duplicate(self, script: Object) -> None:
        self._context.ops.run(
            ops.duplicate(self._context.client, msgspec.convert(script, Script), self._names()),
            on_success=lambda made: self._open(made.id),
            owner=self,
        )

    def ask_delete(self, scripts: list[Object]) -> ConfirmDialog:
        names = ", ".join(f"“{script['name']}”" for script in scripts[:_NAMED])
        names += "…" if len(scripts) > _NAMED else ""
        ids = [script["id"] for script in scripts]
        return confirm(
            self,
            plural(len(scripts), "Delete this script?", "Delete {count} scripts?"),
            tr("{names} leaves the library with all its revisions. Runs keep what they ran.", names=names),
            tr("Delete"),
            lambda: self._delete(ids),
        )

    def _delete(self, ids: list[int]) -> None:
        def deleted(count: int) -> None:
            self._context.notices.notice(
                plural(count, "The script was deleted.", "{count} scripts were deleted.")
            )

        self._context.ops.run(ops.delete(self._context.client, ids), on_success=deleted, owner=self)

    def _ask_files(self) -> None:
        dialog = QFileDialog(
            self,
            tr("Import scripts"),
            "",
            tr("Scripts (*.ps1 *.psm1 *.sh *.bash *.py *.pyw *.cmd *.bat);;All files (*)"),
        )
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(self.import_files)
        dialog.open()

    def import_files(self, paths: list[str]) -> None:
        def imported(answer: tuple[list[Script], list[str]]) -> None:
            made, refused = answer
            for sentence in refused:
                self._context.notices.notice(sentence, "bad")
            if len(made) == 1:
                self._open(made[0].id)
            elif made:
                self._context.notices.notice(
                    plural(len(made), "{count} script imported.", "{count} scripts imported."), "good"
                )

        found = [Path(path) for path in paths]
        self._context.ops.run(
            ops.import_files(self._context.client, found, self._names()), on_success=imported, owner=self
        )
