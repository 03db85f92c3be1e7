"""What an import would do, before it does it: which scripts are new, which would change, and how."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QDialog, QProgressBar, QWidget

from console.core.script_tree import ImportItem, ImportKind, TreeScript
from console.core.texts import plural, tr
from console.features.library import tree_ops
from console.features.library.bulk import Outcome
from console.features.library.edited import Edited
from console.features.library.import_table import (
    TICKABLE,
    about,
    import_choices,
    import_columns,
    import_rows,
    search_text,
)
from console.features.library.parameter_text import texts_to_compare
from console.shell.context import Context
from console.shell.op_runner import OpHandle
from console.shell.parts import ElidedLabel, button, column, label, row, split
from console.widgets.diff_view import DiffView
from console.widgets.filter_bar import FilterBar
from console.widgets.live_table import LiveTable

Object = dict[str, Any]
SIZE = (960, 640)


class ImportDialog(QDialog):
    """`ended(outcome)`: something was imported, all of it or until it was cancelled."""

    ended = Signal(object)

    def __init__(self, parent: QWidget, context: Context, paths: Sequence[Path]) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Import scripts"))
        self.resize(*SIZE)
        self._context, self._paths = context, list(paths)
        self._handle: OpHandle | None = None
        self.rows: dict[int, Object] = {}
        self.outcome = Outcome()
        where = str(paths[0]) if len(paths) == 1 else plural(len(paths), "One file", "{count} files")
        self.place = ElidedLabel(where, "muted")
        self.filter = FilterBar(self, tr("Filter"), import_choices())
        self.table = LiveTable(
            "import-scripts",
            tr("Scripts to import"),
            import_columns(),
            search_text,
            context.settings,
            sort="kind",
        )
        self.diff = DiffView(tr("What would change"))
        self.about = label("", "header", wrap=True)
        below = QWidget()
        beside = column(self.about, self.diff, gap=6)
        beside.setContentsMargins(0, 10, 0, 0)
        below.setLayout(beside)
        parts = split(Qt.Orientation.Vertical, (self.table, 3), (below, 2))
        self.note = label("", "secondary")
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(tr("Progress of the import"))
        self.bar.hide()
        self.cancel = button(tr("Cancel"), self.reject)
        self.go = button(
            tr("Import"), self.import_ticked, "primary", need=context.rights.need("scripts:create")
        )
        lines = column(
            row(label(tr("Import scripts"), "title"), self.place, None),
            self.filter,
            parts,
            self.bar,
            row(self.note, None, self.cancel, self.go),
            gap=12,
        )
        lines.setStretch(2, 1)
        lines.setContentsMargins(20, 20, 20, 16)
        self.setLayout(lines)
        self._connect()
        self._look()

    def ticked(self) -> list[ImportItem]:
        return [row["item"] for row in self.rows.values() if row["ticked"]]

    def tick(self, ids: Sequence[int]) -> None:
        """All of them, unless all are; those with nothing to import stay as they are."""
        possible = [self.rows[key] for key in ids if self.rows[key]["item"].kind in TICKABLE]
        wanted = not all(row["ticked"] for row in possible)
        for one in possible:
            one["ticked"] = wanted
        self.table.model_.touch(ids)
        self._say()

    def import_ticked(self) -> None:
        items = self.ticked()
        if not items or self._handle is not None:
            return
        message = tr("Imported from {name}", name=self._paths[0].name)
        op = tree_ops.carry_out(self._context.client, items, message, self.outcome)
        self._handle = self._context.ops.run(op, on_done=self._done, owner=self)
        self._handle.progressed.connect(self._show_progress)
        self.bar.show()
        self._say()

    def reject(self) -> None:
        """Cancels what is under way: what is imported already stays."""
        if self._handle is not None:
            self._handle.cancel()
        else:
            super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._handle is not None:
            self._handle.cancel()
            event.ignore()
        else:
            super().closeEvent(event)

    # ---- inside

    def _connect(self) -> None:
        self.filter.changed.connect(self.table.model_.filter)
        self.filter.left.connect(self.table.setFocus)
        self.table.typed.connect(self.filter.begin)
        self.table.ticked.connect(self.tick)
        self.table.selection_changed.connect(self._show_chosen)
        self._say()

    def _look(self) -> None:
        self.note.setText(tr("Looking at the files…"))
        self._context.ops.run(
            tree_ops.plan(self._context.client, self._paths), on_success=self._planned, owner=self
        )

    def _planned(self, items: list[ImportItem]) -> None:
        self.rows = import_rows(items)
        self.table.model_.take(self.rows, set(), reset=True)
        for kind in ImportKind:
            self.filter.set_count(kind.value, sum(item.kind is kind for item in items))
        worth = [key for key, one in self.rows.items() if one["item"].kind is ImportKind.PROBLEM]
        worth = worth or [key for key, one in self.rows.items() if one["ticked"]]
        self.table.select(worth[:1])
        self.table.setFocus()
        self._say()

    def _say(self) -> None:
        count = len(self.ticked())
        self.go.setText(plural(count, "Import {count} script", "Import {count} scripts"))
        self.go.setEnabled(bool(count) and self._handle is None)
        if not self.rows:
            self.note.setText(tr("No scripts were found there: .ps1, .sh, .cmd, .bat and .py files are."))
        elif not count:
            self.note.setText(tr("Nothing is ticked."))
        else:
            changed = sum(item.kind is ImportKind.CHANGED for item in self.ticked())
            said = plural(changed, "{count} of them gets a new revision or labels.",
                          "{count} of them get new revisions or labels.")  # fmt: skip
            self.note.setText(said if changed else tr("Nothing that is there changes."))

    def _show_chosen(self) -> None:
        chosen = self.table.selected_objects()
        if len(chosen) != 1:
            self.about.setText("")
            self.diff.show_lines([])
            return
        item: ImportItem = chosen[0]["item"]
        self.about.setText(about(chosen[0]) or str(item.path))
        old = Edited() if item.existing is None else _edited(TreeScript.of(item.existing))
        self.diff.show_diff(*texts_to_compare(old, Edited() if item.script is None else _edited(item.script)))

    def _show_progress(self, done: float | None, name: str) -> None:
        self.bar.setValue(round((done or 0.0) * 1000))
        self.note.setText(name)

    def _done(self) -> None:
        self._handle = None
        self.ended.emit(self.outcome)
        self.accept()


def _edited(script: TreeScript) -> Edited:
    """With the line ends that do not count."""
    return Edited(
        language=script.language,
        content=script.content.replace("\r\n", "\n"),
        parameters=script.parameters,
        detect=(script.detect or "").replace("\r\n", "\n"),
        undo=(script.undo or "").replace("\r\n", "\n"),
    )
