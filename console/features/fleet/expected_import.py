"""A table of expected devices: looked at first, every problem with its place, then imported as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QWidget

from backend_lite.contract.encodings import guess, marked
from backend_lite.contract.fleet import CsvImported
from console.core.errors import ApiError
from console.core.texts import plural, tr
from console.features.fleet import expected_ops
from console.shell.context import Context
from console.shell.parts import ElidedLabel, button, column, label, row
from console.widgets.live_table import LiveTable
from console.widgets.table_columns import Column, Kind

Object = dict[str, Any]
SIZE = (720, 480)
LARGEST = 20 << 20


class ExpectedImport(QDialog):
    """`imported(CsvImported)`."""

    imported = Signal(object)

    def __init__(self, parent: QWidget, context: Context, path: Path) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Import expected devices"))
        self.resize(*SIZE)
        self._context, self._path, self._text = context, path, ""
        self.said = label(tr("Looking at the table…"), "muted", wrap=True)
        self.table = LiveTable(
            "expected-problems",
            tr("Problems of the table"),
            _columns(),
            lambda one: str(one["text"]).lower(),
            sort="line",
        )
        self.help = label(
            tr(
                "The first line names the columns: hostname, serial, tags, groups, note. Tags and groups "
                "have ; between them. Separators may be commas, semicolons or tabs."
            ),
            "secondary",
            wrap=True,
        )
        self.again = button(tr("Read again"), self.look)
        self.go = button(tr("Import"), self._import, "primary")
        self.go.setEnabled(False)
        lines = column(
            row(label(tr("Import expected devices"), "title"), ElidedLabel(str(path), "muted")),
            self.said,
            self.table,
            self.help,
            row(self.again, None, button(tr("Cancel"), self.reject), self.go),
            gap=12,
        )
        lines.setStretch(2, 1)
        lines.setContentsMargins(20, 20, 20, 16)
        self.setLayout(lines)
        self.table.hide()
        self.look()

    def look(self) -> None:
        """Reads the file and asks the service what it would make of it."""
        self.go.setEnabled(False)
        try:
            self._text = _read(self._path)
        except (OSError, ValueError) as error:
            self.said.setText(tr("{path} cannot be read: {why}.", path=self._path.name, why=error))
            return
        self._context.ops.run(
            expected_ops.import_table(self._context.client, self._text, dry_run=True),
            on_success=self._show,
            on_error=self._refused,
            owner=self,
        )

    def problems(self) -> list[tuple[int, int, str]]:
        shown = self.table.model_.shown_objects()
        return [(one["line"], one["column"], one["text"]) for one in shown]

    # ---- inside

    def _show(self, found: CsvImported) -> None:
        rows = {
            n: {"id": n, "line": one.line, "column": one.column, "text": one.text}
            for n, one in enumerate(found.problems)
        }
        self.table.model_.take(rows, set(), reset=True)
        self.table.setVisible(bool(rows))
        self.go.setEnabled(not rows and found.added > 0)
        if rows:
            self.said.setText(
                plural(
                    len(rows),
                    "One problem, so nothing would be imported. Mend it in the file, then read it again.",
                    "{count} problems, so nothing would be imported. Mend them, then read the file again.",
                )
            )
        else:
            self.said.setText(_said(found))
            self.go.setText(plural(found.added, "Import {count} device", "Import {count} devices"))

    def _import(self) -> None:
        self.go.setEnabled(False)
        self._context.ops.run(
            expected_ops.import_table(self._context.client, self._text, dry_run=False),
            on_success=self._imported,
            on_error=self._refused,
            owner=self,
        )

    def _imported(self, result: CsvImported) -> None:
        if result.problems:
            # Groups may have gone since the table was looked at.
            self._show(result)
            return
        self.imported.emit(result)
        self.accept()

    def _refused(self, refusal: ApiError) -> None:
        self.said.setText(refusal.detail)


def _said(found: CsvImported) -> str:
    new = plural(found.added, "{count} device is new.", "{count} devices are new.")
    if not found.known:
        return new
    known = plural(
        found.known,
        "{count} line is of a device that is expected already; it stays as it is.",
        "{count} lines are of devices that are expected already; they stay as they are.",
    )
    return f"{new} {known}"


def _read(path: Path) -> str:
    if path.stat().st_size > LARGEST:
        raise ValueError(tr("it is larger than {size} MB", size=LARGEST >> 20))
    data = path.read_bytes()
    return data.decode(marked(data) or guess(data))


def _columns() -> list[Column]:
    def number(key: str, title: str) -> Column:
        return Column(key, title, lambda one: f"{one[key]:,}", Kind.NUMBER, sort=lambda o: o[key], width=70)

    return [
        number("line", tr("Line")),
        number("column", tr("Column")),
        Column("text", tr("Problem"), lambda one: str(one["text"]), width=520),
    ]
