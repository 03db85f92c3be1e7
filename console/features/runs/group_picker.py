"""Which groups: a list with boxes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from backend_lite.contract.live import GROUP
from console.core.live import LiveBatch
from console.core.texts import tr
from console.shell.context import Context
from console.shell.parts import button, column, label, row
from console.widgets.empty_state import EmptyState
from console.widgets.filter_bar import FilterBar
from console.widgets.live_table import LiveTable
from console.widgets.table_columns import Column, Kind, chosen_column

Object = dict[str, Any]


class GroupPicker(QWidget):
    """`changed` follows what is chosen, and news of groups that are."""

    changed = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._chosen: set[int] = set()
        self.table = LiveTable("pick-groups", tr("Groups to run on"), self._columns(), _search, sort="name")
        self.filter = FilterBar(self, tr("Filter groups"))
        self.count = label("", "secondary")
        self.none = button(tr("Choose none"), lambda: self.choose(()), "link")
        self.empty = EmptyState(
            "device",
            tr("No groups yet"),
            tr("A group is a named set of devices: some that you chose, or all that match a query."),
        )
        listed = QWidget()
        listed.setLayout(column(self.filter, self.table, row(self.count, None, self.none), gap=8))
        self.centre = QStackedWidget()
        self.centre.addWidget(listed)
        self.centre.addWidget(self.empty)
        self.setLayout(column(self.centre))
        self.filter.changed.connect(self.table.model_.filter)
        self.filter.left.connect(self.table.setFocus)
        self.table.typed.connect(self.filter.begin)
        self.table.ticked.connect(self.toggle)
        self.table.opened.connect(lambda group_id: self.toggle([group_id]))
        self.destroyed.connect(context.live.subscribe(GROUP, self._take))

    @property
    def chosen(self) -> list[int]:
        return sorted(self._chosen)

    def chosen_groups(self) -> list[Object]:
        known = self._context.live.kind(GROUP)
        return [known[group_id] for group_id in self.chosen if group_id in known]

    def choose(self, group_ids: Iterable[int]) -> None:
        known = self._context.live.kind(GROUP)
        before, self._chosen = self._chosen, {key for key in group_ids if key in known}
        self._touch(before | self._chosen)

    def toggle(self, group_ids: list[int]) -> None:
        """Takes all of these in, or out when all of them were in."""
        wanted = set(group_ids)
        self._chosen = self._chosen - wanted if wanted <= self._chosen else self._chosen | wanted
        self._touch(wanted)

    def _touch(self, group_ids: set[int]) -> None:
        self.table.model_.touch(group_ids)
        self.table.model_.settle()
        self._say_count()
        self.changed.emit()

    def _take(self, batch: LiveBatch) -> None:
        self.table.take(batch)
        concerned = batch.reset or bool(self._chosen & (batch.changed.keys() | batch.removed))
        self._chosen -= batch.removed
        if batch.reset:
            self._chosen &= batch.changed.keys()
        self._say_count()
        if concerned:
            self.changed.emit()

    def _say_count(self) -> None:
        total = self.table.model_.total
        self.centre.setCurrentIndex(0 if total else 1)
        self.count.setText(
            tr("{chosen} of {total} chosen", chosen=f"{len(self._chosen):,}", total=f"{total:,}")
        )

    def _columns(self) -> list[Column]:
        return [
            chosen_column(lambda group: group["id"] in self._chosen),
            Column("name", tr("Name"), lambda group: str(group["name"]), Kind.STRONG, width=170),
            Column(
                "count",
                tr("Devices"),
                lambda group: f"{group.get('device_count') or 0:,}",
                Kind.NUMBER,
                sort=lambda group: group.get("device_count") or 0,
                width=80,
            ),
            Column("of", tr("Has"), _members, Kind.MUTED, width=220),
        ]


def _members(group: Object) -> str:
    query = group.get("query")
    return tr("named devices") if query is None else str(query) or tr("every device")


def _search(group: Object) -> str:
    return f"{group['name']} {group.get('description') or ''} {group.get('query') or ''}".lower()
