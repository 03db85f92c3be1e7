"""The audit: who changed what, when and from where; whether it is whole; as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFileDialog, QMenu, QStackedWidget, QWidget

from backend_lite.contract.audit import AuditChange, AuditList, AuditVerdict
from console.core import formatting
from console.core.texts import plural, tr
from console.features.audit import ops, words
from console.features.audit.event_pane import EventPane
from console.features.audit.filters import AuditFilters
from console.shell.context import Context
from console.shell.page import Page
from console.shell.parts import PageHeader, button, column, label, row
from console.widgets.empty_state import EmptyState
from console.widgets.live_table import LiveTable
from console.widgets.notice_bar import NoticeBar
from console.widgets.table_columns import Column, Kind, pill_column

Object = dict[str, Any]
_LOOK_MS = 120
"""Who walks through the list with the arrow keys asks for an event only where he stays."""


class AuditPage(Page):
    """Its events are read when it is shown: it is no part of the live stream. A target such as `device/17`
    is the object whose events are wanted."""

    key = "audit"

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._page = 0
        self._total = 0
        self._asked = 0
        self._rows: dict[int, Object] = {}
        self.setWindowTitle(tr("Audit"))
        self.search_hint = tr("Search devices, scripts, runs or commands")
        self.check = button(tr("Check now"), self.ask_check, icon="shield")
        self.export = button(tr("Export…"), self.ask_export, icon="download")
        self.header = PageHeader(tr("Audit"), self.export, self.check)
        self.filters = AuditFilters(self, context.clock)
        self.header.below.addWidget(self.filters, 1)
        self.notice = NoticeBar()
        self.table = LiveTable(
            "audit",
            tr("Events of the audit"),
            self._columns(),
            lambda event: str(event["summary"]).lower(),
            context.settings,
            sort="time",
            descending=True,
        )
        self.older = button(tr("Show older events"), self.load_older)
        self.standing = label("", "muted")
        foot = row(self.standing, None, self.older)
        foot.setContentsMargins(16, 6, 16, 8)
        self.foot = QWidget()
        self.foot.setLayout(foot)
        self.no_match = EmptyState(
            "filter",
            tr("No event matches"),
            tr("Nothing in the audit is what the filters ask for."),
            button(tr("Show all events"), self.filters.clear),
        )
        self.nothing = EmptyState(
            "shield", tr("Nothing has been changed yet"), tr("Every change is kept here, with who made it.")
        )
        self.pane = EventPane(context.clock)
        self.pane.setParent(self)
        self.pane.hide()
        self.centre = QStackedWidget()
        for part in (self.table, self.no_match, self.nothing):
            self.centre.addWidget(part)
        self.setLayout(column(self.header, self.notice, self.centre, self.foot, gap=0))
        self._connect()

    def show_target(self, target: str | None) -> None:
        self.notice.say("")
        if target and "/" in target:
            entity_type, _, entity_id = target.partition("/")
            self.filters.only_object(entity_type, entity_id)

    def details(self) -> QWidget | None:
        return self.pane if self.table.selected_count() == 1 else None

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.load()

    def load(self) -> None:
        """The newest ones."""
        self._read(1)

    def load_older(self) -> None:
        self._read(self._page + 1)

    def ask_check(self) -> None:
        self.notice.say(tr("Checking every event…"), "accent")
        self._context.ops.run(
            ops.check(self._context.client),
            on_success=self._say_verdict,
            on_error=self.notice.refused,
            busy=self.check,
            owner=self,
        )

    def ask_export(self) -> QFileDialog:
        dialog = QFileDialog(self, tr("Export the audit"), "", tr("Tables (*.csv);;Lines of JSON (*.jsonl)"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("csv")
        dialog.selectFile(f"audit-{self._context.clock():%Y-%m-%d}.csv")
        dialog.fileSelected.connect(lambda path: self.write(Path(path)))
        dialog.open()
        return dialog

    def write(self, to: Path) -> None:
        """What the filters find, into a file."""
        self._context.ops.run(
            ops.export(self._context.client, self.filters.wanted(), to),
            on_success=lambda path: self.notice.say(tr("The audit is in {path}.", path=path), "good"),
            on_error=self.notice.refused,
            owner=self,
        )

    # ---- inside

    def _connect(self) -> None:
        self.filters.changed.connect(self._filtered)
        self.filters.left.connect(self.table.setFocus)
        self.table.selection_changed.connect(self._selected)
        self.table.menu_opening.connect(self._fill_menu)
        self.table.opened.connect(lambda _key: self.pane.setFocus())
        self.pane.object_wanted.connect(self._context.navigator.open)
        self.pane.history_wanted.connect(self.filters.only_object)
        self._look = QTimer(self)
        self._look.setSingleShot(True)
        self._look.setInterval(_LOOK_MS)
        self._look.timeout.connect(self._show_event)

    def _filtered(self) -> None:
        if self.isVisible():
            self.load()

    def _read(self, page: int) -> None:
        self._asked += 1
        turn = self._asked
        self._context.ops.run(
            ops.load(self._context.client, self.filters.wanted(), page),
            on_success=lambda found: self._show(found, turn),
            on_error=self.notice.refused,
            owner=self,
        )

    def _show(self, found: AuditList, turn: int) -> None:
        if turn != self._asked:
            # Another filter was chosen meanwhile.
            return
        rows: dict[int, Object] = {one.id: msgspec.to_builtins(one) for one in found.items}
        self._rows = rows if found.page == 1 else self._rows | rows
        self._page, self._total = found.page, found.total
        self.table.model_.take(dict(self._rows), set(), reset=True)
        self.header.show_count(len(self._rows), found.total)
        shown = self.table if self._rows else self.no_match if self.filters.active else self.nothing
        self.centre.setCurrentWidget(shown)
        self.foot.setVisible(len(self._rows) < found.total)
        self.standing.setText(
            tr("The newest {shown} of {total}", shown=f"{len(self._rows):,}", total=f"{found.total:,}")
        )

    def _selected(self) -> None:
        self._look.start()
        if self.table.selected_count() != 1:
            self.details_changed.emit()

    def _show_event(self) -> None:
        chosen = self.table.selected_ids()
        if len(chosen) == 1:
            self._context.ops.run(
                ops.load_event(self._context.client, chosen[0]),
                on_success=self._show_change,
                on_error=self.notice.refused,
                owner=self,
            )

    def _show_change(self, change: AuditChange) -> None:
        self.pane.show_change(change)
        self.details_changed.emit()

    def _fill_menu(self, menu: QMenu) -> None:
        chosen = self.table.selected_objects()
        if len(chosen) != 1 or not chosen[0]["entity_id"]:
            return
        kind, object_id = str(chosen[0]["entity_type"]), str(chosen[0]["entity_id"])
        if page := words.OBJECT_PAGES.get(kind):
            menu.addAction(tr("Open the object")).triggered.connect(
                lambda _checked: self._context.navigator.open(page, object_id)
            )
        menu.addAction(tr("Its history")).triggered.connect(
            lambda _checked: self.filters.only_object(kind, object_id)
        )

    def _say_verdict(self, verdict: AuditVerdict) -> None:
        close = {tr("Close"): lambda: self.notice.say("")}
        if verdict.broken_at is not None:
            said = tr("The audit is broken at event {id}: {why}", id=verdict.broken_at, why=verdict.problem)
            self.notice.say(said, "bad", close)
        else:
            said = plural(
                verdict.events,
                "The audit is whole: {count} event fits the one before it.",
                "The audit is whole: each of {count} events fits the one before it.",
            )
            self.notice.say(said, "good", close)
        self.load()

    def _columns(self) -> list[Column]:
        clock = self._context.clock
        return [
            Column(
                "time",
                tr("Time"),
                lambda event: formatting.local_time(event["timestamp"], clock()),
                sort=lambda event: event["id"],
                width=165,
            ),
            Column("who", tr("Who"), lambda event: event["actor_username"], Kind.STRONG, width=100),
            pill_column("kind", tr("Kind"), lambda event: words.kind_pill(event["action_type"]), width=128),
            Column("object", tr("Object"), lambda event: event["entity_display"], width=150),
            Column("summary", tr("What happened"), lambda event: event["summary"], Kind.MUTED, width=250),
        ]
