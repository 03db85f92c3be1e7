"""Devices that are to come, and those of them that have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QFileDialog, QMenu

from backend_lite.contract.enroll_query import EXPECTED_FIELDS, expected_values
from backend_lite.contract.fleet import CsvImported
from backend_lite.contract.live import DEVICE, EXPECTED_DEVICE, GROUP
from backend_lite.contract.query import Node, matcher
from console.core import formatting
from console.core.formatting import NOTHING
from console.core.live import LiveBatch
from console.core.texts import plural, tr
from console.features.fleet import expected_ops
from console.features.fleet.columns import name as device_name
from console.features.fleet.expected_dialog import ExpectedDialog
from console.features.fleet.expected_import import ExpectedImport
from console.features.fleet.tag_words import counted
from console.shell.context import Context
from console.shell.needing import gate
from console.shell.page import Page
from console.shell.parts import PageHeader, button, column
from console.widgets.confirm import ConfirmDialog, confirm
from console.widgets.empty_state import EmptyState
from console.widgets.filter_bar import Choice
from console.widgets.list_view import ListView
from console.widgets.live_table import LiveTable
from console.widgets.notice_bar import NoticeBar
from console.widgets.query_bar import ProblemLine, QueryBar
from console.widgets.row_index import Predicate
from console.widgets.table_columns import Column, Kind, Pill, pill_column, tags_column

Object = dict[str, Any]
CSV = "CSV (*.csv *.txt)"


def called(entry: Object) -> str:
    return str(entry["hostname"] or entry["serial"])


def has_come(entry: Object) -> bool:
    return entry["arrived_at"] is not None


class ExpectedPage(Page):
    key = "expected-devices"

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.setWindowTitle(tr("Expected devices"))
        self.search_hint = tr("Search devices, scripts, runs or commands")
        self.filter = QueryBar(
            self,
            tr("Filter expected devices"),
            EXPECTED_FIELDS,
            self._predicate,
            [
                Choice("all", tr("All")),
                Choice("waiting", tr("Waiting"), lambda entry: not has_come(entry)),
                Choice("arrived", tr("Arrived"), has_come),
            ],
            self._known_words,
            looks_into_rows=True,
        )
        self.problem = ProblemLine(self.filter.query_box)
        self.table = LiveTable(
            "expected-devices",
            tr("Expected devices"),
            self._columns(),
            lambda one: f"{one['hostname']} {one['serial']} {one['note']}".lower(),
            context.settings,
            sort="name",
        )
        self.delete = button(
            tr("Delete…"), self.ask_delete, "danger", need=context.rights.need("devices:delete")
        )
        self.export = button(tr("Export…"), self._ask_export)
        self.import_ = button(tr("Import…"), self._ask_import, need=context.rights.need("devices:create"))
        self.new = button(
            tr("Expect a device…"),
            self.ask_new,
            "primary",
            icon="plus",
            need=context.rights.need("devices:create"),
        )
        self.header = PageHeader(tr("Expected devices"), self.delete, self.export, self.import_, self.new)
        self.header.below.addWidget(self.filter, 1)
        self.notice = NoticeBar()
        nothing = EmptyState(
            "clock",
            tr("No devices are expected"),
            tr(
                "Write down devices before they come, by serial number or name: when their agent enrolls "
                "they get the tags and groups that are waiting for them."
            ),
            button(tr("Import a table…"), self._ask_import, need=context.rights.need("devices:create")),
            button(
                tr("Expect a device…"), self.ask_new, "primary", need=context.rights.need("devices:create")
            ),
        )
        no_match = EmptyState(
            "filter",
            tr("No device matches"),
            tr("No expected device is what the filter asks for."),
            button(tr("Show all"), self.filter.clear),
        )
        self.centre = ListView(context.live, self.table, self.filter, nothing, no_match)
        self.setLayout(column(self.header, self.problem, self.notice, self.centre, gap=0))
        self._connect()

    def show_target(self, target: str | None) -> None:
        self.notice.say("")

    def ask_new(self) -> ExpectedDialog:
        dialog = ExpectedDialog(self, self._context)
        dialog.saved.connect(lambda entry: self.table.select([entry.id]))
        dialog.open()
        return dialog

    def ask_edit(self, expected_id: int) -> ExpectedDialog:
        dialog = ExpectedDialog(self, self._context, self._context.live.kind(EXPECTED_DEVICE)[expected_id])
        dialog.open()
        return dialog

    def ask_delete(self) -> ConfirmDialog | None:
        chosen = self.table.selected_objects()
        if not chosen:
            return None
        ids = [entry["id"] for entry in chosen]
        names = ", ".join(map(called, chosen[:3])) + ("…" if len(ids) > 3 else "")
        return confirm(
            self,
            plural(len(ids), "Expect this device no longer?", "Expect {count} devices no longer?"),
            tr("{names}: devices that have come stay, with what they got.", names=names),
            tr("Delete"),
            lambda: self._delete(ids),
        )

    def import_from(self, path: str) -> ExpectedImport:
        dialog = ExpectedImport(self, self._context, Path(path))
        dialog.imported.connect(self._imported)
        dialog.open()
        return dialog

    def export_to(self, path: str) -> None:
        """What the query finds, as the service writes it: that can be imported again."""
        self._context.ops.run(
            expected_ops.export_table(self._context.client, Path(path), self._asked()),
            on_success=lambda _path: self._context.notices.notice(
                tr("The expected devices are in {path}.", path=path), "good"
            ),
            on_error=self.notice.refused,
            owner=self,
        )

    # ---- inside

    def _connect(self) -> None:
        table, live = self.table, self._context.live
        table.opened.connect(self.ask_edit)
        table.selection_changed.connect(self._selected)
        table.menu_opening.connect(self._fill_menu)
        self.centre.counted.connect(self._count)
        table.on_key("Del", self.ask_delete, self._context.rights.need("devices:delete"))
        for stop in (live.subscribe(EXPECTED_DEVICE, table.take), live.subscribe(GROUP, self._groups)):
            self.destroyed.connect(stop)
        self.centre.recount()
        self._selected()

    def _predicate(self, node: Node) -> Predicate:
        fits, clock = matcher(node), self._context.clock
        return lambda entry: fits(expected_values(entry, round(clock().timestamp() * 1000)))

    def _known_words(self) -> dict[str, list[str]]:
        entries = self._context.live.kind(EXPECTED_DEVICE).values()
        return {"tag": list(counted(entry["tags"] for entry in entries))}

    def _asked(self) -> str:
        chosen = {"waiting": "state:waiting", "arrived": "state:arrived"}.get(self.filter.choice, "")
        query = self.filter.query
        return f"({query}) {chosen}".strip() if query and chosen else query or chosen

    def _groups(self, _batch: LiveBatch) -> None:
        self.table.model_.touch(list(self._context.live.kind(EXPECTED_DEVICE)))

    def _count(self, shown: int, total: int) -> None:
        self.header.show_count(shown, total)
        for part in (self.filter, self.delete, self.export):
            part.setVisible(total > 0)

    def _selected(self) -> None:
        self.delete.setEnabled(self.table.selected_count() > 0)

    def _fill_menu(self, menu: QMenu) -> None:
        chosen = self.table.selected_objects()
        if len(chosen) == 1:
            entry = chosen[0]
            gate(menu.addAction(tr("Edit…")), self._context.rights.need("devices:edit")).triggered.connect(
                lambda _checked: self.ask_edit(entry["id"])
            )
            if entry["device_id"] is not None:
                menu.addAction(tr("Show the device")).triggered.connect(
                    lambda _checked: self._context.navigator.open("device", str(entry["device_id"]))
                )
        if chosen:
            gate(
                menu.addAction(tr("Delete…")), self._context.rights.need("devices:delete")
            ).triggered.connect(lambda _checked: self.ask_delete())

    def _delete(self, ids: list[int]) -> None:
        self._context.ops.run(
            expected_ops.delete(self._context.client, ids), on_error=self.notice.refused, owner=self
        )

    def _ask_import(self) -> None:
        dialog = QFileDialog(self, tr("Import expected devices"), "", CSV)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.import_from)
        dialog.open()

    def _imported(self, result: CsvImported) -> None:
        self._context.notices.notice(
            plural(result.added, "{count} device is expected now.", "{count} devices are expected now."),
            "good",
        )

    def _ask_export(self) -> None:
        dialog = QFileDialog(self, tr("Export the expected devices"), "", CSV)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("csv")
        dialog.selectFile("expected-devices.csv")
        dialog.fileSelected.connect(self.export_to)
        dialog.open()

    def _columns(self) -> list[Column]:
        live, clock = self._context.live, self._context.clock

        def state(entry: Object) -> Pill:
            if not has_come(entry):
                return Pill(tr("Waiting"), "warning")
            return Pill(tr("Arrived"), "good", formatting.ago(entry["arrived_at"], clock()))

        def groups(entry: Object) -> str:
            known = live.kind(GROUP)
            return ", ".join(str(known[key]["name"]) for key in entry["groups"] if key in known) or NOTHING

        def device(entry: Object) -> str:
            found = live.get(DEVICE, entry["device_id"] or 0)
            return NOTHING if found is None else device_name(found)

        return [
            Column("name", tr("Host name"), lambda one: one["hostname"] or NOTHING, Kind.STRONG, width=130),
            Column("serial", tr("Serial number"), lambda one: one["serial"] or NOTHING, width=130),
            pill_column("state", tr("State"), state, sort=lambda one: one["arrived_at"] or "", width=160),
            tags_column("tags", tr("Tags"), lambda one: one["tags"], width=130),
            Column("groups", tr("Groups"), groups, Kind.MUTED, width=130),
            Column("device", tr("Device"), device, width=110),
            Column("note", tr("Note"), lambda one: one["note"], Kind.MUTED, width=150),
            Column(
                "by", tr("Expected by"), lambda one: one["created_by"], Kind.MUTED, width=100, hidden=True
            ),
        ]
