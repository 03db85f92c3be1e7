"""What is installed on the devices: every name, on how many, in which versions."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec
from PySide6.QtCore import QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QMenu, QStackedWidget

from backend_lite.contract.installed_query import INSTALLED_FIELDS
from backend_lite.contract.live import INSTALLED_SOFTWARE
from backend_lite.contract.software import SoftwareCount
from console.core import software_ops as ops
from console.core.errors import ApiError
from console.core.formatting import NOTHING
from console.core.live import LiveBatch
from console.core.texts import tr
from console.shell.context import Context
from console.shell.page import Page
from console.shell.parts import PageHeader, button, column, frame, row
from console.widgets.empty_state import EmptyState
from console.widgets.live_table import LiveTable
from console.widgets.query_bar import ProblemLine, QueryBar
from console.widgets.table_columns import Column, Kind, tags_column

Object = dict[str, Any]
AT_ONCE = 1_000
FOLLOW_MS = 2_000
"""News of devices are gathered so long: in the morning they come by the hundred."""
_SORT = "-devices"


class InstalledPage(Page):
    """The service searches: there may be more names than a window should hold."""

    key = "installed-software"

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._asked = 0
        self._total = 0
        self._old = False
        self._ids: dict[tuple[str, str], int] = {}
        self.rows: dict[int, Object] = {}
        self.setWindowTitle(tr("Installed software"))
        self.search_hint = tr("Search software, devices, scripts or commands")
        self.filter = QueryBar(
            self, tr("Search what is installed"), INSTALLED_FIELDS, lambda _node: lambda _row: True
        )
        self.problem = ProblemLine(self.filter.query_box)
        self.table = LiveTable(
            "installed-software",
            tr("Installed software"),
            _columns(),
            lambda one: str(one["name"]).lower(),
            context.settings,
            sort="devices",
            descending=True,
        )
        self.again = button(tr("Read again"), self.load)
        self.header = PageHeader(tr("Installed software"), self.again)
        self.header.below.addWidget(self.filter, 1)
        self.more = button("", self.load_more, "link")
        self._more = frame("tool-bar-bottom", row(self.more, None), (16, 6, 16, 6))
        self.nothing = EmptyState(
            "package",
            tr("Nothing is known to be installed"),
            tr("Agents tell what is installed soon after they join, and again when it changes."),
            button(tr("Show all devices"), lambda: context.navigator.open("devices")),
        )
        self.no_match = EmptyState(
            "filter",
            tr("Nothing of that is installed"),
            tr("No device lists anything that the search asks for."),
            button(tr("Show everything"), self.filter.clear),
        )
        self.centre = QStackedWidget()
        for part in (self.table, self.nothing, self.no_match):
            self.centre.addWidget(part)
        self._more.hide()
        self.setLayout(column(self.header, self.problem, self.centre, self._more, gap=0))
        self._connect()

    def show_target(self, target: str | None) -> None:
        """`target` is a query to begin with."""
        if target is None:
            self.load()
        else:
            # What is typed there asks by itself.
            self.filter.set_query(target, "")

    def load(self) -> None:
        """Asks how it is now."""
        self._ask(0)

    def load_more(self) -> None:
        self._ask(len(self.rows))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._old:
            self._follow()

    # ---- inside

    def _connect(self) -> None:
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(FOLLOW_MS)
        self._soon.timeout.connect(self._follow)
        self.destroyed.connect(self._context.live.subscribe(INSTALLED_SOFTWARE, self._take_news))
        self.filter.changed.connect(lambda _text, _predicate: self.load())
        self.filter.left.connect(self.table.setFocus)
        self.table.typed.connect(self.filter.begin)
        self.table.opened.connect(self._open)
        self.table.menu_opening.connect(self._fill_menu)

    def _take_news(self, batch: LiveBatch) -> None:
        if self._asked and (batch.changed or batch.reset) and not self._soon.isActive():
            self._soon.start()

    def _follow(self) -> None:
        self._old = not self.isVisible()
        # Whoever has asked for more has a long list before them: it stays until they ask anew.
        if self.isVisible() and len(self.rows) <= AT_ONCE:
            self.load()

    def _ask(self, offset: int) -> None:
        if self.filter.query_box.error is not None:
            return
        self._asked += 1
        self._context.ops.run(
            ops.installed(self._context.client, self.filter.query, _SORT, offset, AT_ONCE),
            on_success=partial(self._show, self._asked, offset),
            on_error=self._refused,
            owner=self,
        )

    def _show(self, asked: int, offset: int, answer: tuple[list[SoftwareCount], int]) -> None:
        if asked != self._asked:
            return
        found, self._total = answer
        if not offset:
            self.rows = {}
        for one in found:
            # What is chosen stays chosen, also where another one has more devices now.
            n = self._ids.setdefault((one.name, one.publisher), len(self._ids) + 1)
            self.rows[n] = {"id": n, **msgspec.to_builtins(one)}
        self.table.model_.take(self.rows, set(), reset=True)
        none = self.no_match if self.filter.query else self.nothing
        self.centre.setCurrentWidget(self.table if self.rows else none)
        self.header.show_count(len(self.rows), self._total)
        self.filter.setVisible(bool(self.rows or self.filter.query))
        left = self._total - len(self.rows)
        self.more.setText(tr("Show more: {count} are left", count=f"{left:,}"))
        self._more.setVisible(left > 0)

    def _refused(self, refusal: ApiError) -> None:
        self._context.notices.notice(refusal.detail, "bad")

    def _open(self, n: int) -> None:
        self._context.navigator.open("installed-on", str(self.rows[n]["name"]))

    def _fill_menu(self, menu: QMenu) -> None:
        chosen = self.table.selected_objects()
        if len(chosen) == 1:
            menu.addAction(tr("Show the devices")).triggered.connect(
                lambda _checked: self._open(chosen[0]["id"])
            )


def version_words(versions: dict[str, int]) -> list[str]:
    """`23.01 (12)`, the most frequent first."""
    return [f"{version or tr('no version')} ({count:,})" for version, count in versions.items()]


def _rank(one: Object) -> tuple[int, list[int]]:
    """The more devices the higher; names among as many go the other way, as the column begins descending."""
    return one["devices"], [*(-ord(letter) for letter in str(one["name"]).lower()), 1]


def _columns() -> list[Column]:
    return [
        Column("name", tr("Name"), lambda one: str(one["name"]), Kind.STRONG, width=280),
        Column("publisher", tr("Publisher"), lambda one: one["publisher"] or NOTHING, width=200),
        Column(
            "devices",
            tr("Devices"),
            lambda one: f"{one['devices']:,}",
            Kind.NUMBER,
            sort=_rank,
            width=90,
        ),
        tags_column(
            "versions",
            tr("Versions"),
            lambda one: version_words(one["versions"]),
            sort=lambda one: len(one["versions"]),
            width=420,
        ),
    ]
