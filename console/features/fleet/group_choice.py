"""Which group: one of those that name their devices, or a new one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QWidget

from backend_lite.contract.live import GROUP
from console.core.live import LiveBatch
from console.core.texts import tr
from console.features.fleet import group_words
from console.shell.context import Context
from console.shell.parts import button, column, label, row
from console.widgets.filter_bar import FilterBar
from console.widgets.live_table import LiveTable
from console.widgets.table_columns import Column, Kind

Object = dict[str, Any]
SIZE = (460, 420)


class GroupChoice(QDialog):
    """`chosen(group_id)`, or `named(name)` for a new group where that is possible.

    With `inside`, only groups that are in it, with how many of the devices in question each has.
    """

    chosen = Signal(int)
    named = Signal(str)

    def __init__(
        self,
        parent: QWidget,
        context: Context,
        title: str,
        action: str,
        inside: Mapping[int, int] | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.resize(*SIZE)
        self._context, self._inside = context, inside
        self.filter = FilterBar(
            self, tr("Filter groups") if inside is not None else tr("Filter, or a new name")
        )
        self.filter.box.setMaximumWidth(SIZE[0])
        self.table = LiveTable(
            "choose-group", tr("Groups"), self._columns(), group_words.search_text, sort="name"
        )
        self.new = button("", self._make, icon="plus", need=context.rights.need("groups:create"))
        self.new.setVisible(inside is None)
        self.cancel = button(tr("Cancel"), self.reject)
        self.go = button(action, self._choose, "primary")
        lines = column(
            label(title, "title", wrap=True),
            self.filter,
            self.table,
            row(self.new, None, self.cancel, self.go),
            gap=12,
        )
        lines.setContentsMargins(20, 20, 20, 16)
        self.setLayout(lines)
        self._connect()
        self._say()

    def _connect(self) -> None:
        self.filter.changed.connect(self.table.model_.filter)
        self.filter.box.textChanged.connect(lambda _text: self._say())
        self.filter.left.connect(self._left)
        self.table.typed.connect(self.filter.begin)
        self.table.opened.connect(lambda _group_id: self._choose())
        self.table.selection_changed.connect(self._say)
        self.destroyed.connect(self._context.live.subscribe(GROUP, self._take))
        self.filter.box.setFocus()

    def _take(self, batch: LiveBatch) -> None:
        known = {key: group for key, group in batch.changed.items() if self._is_possible(group)}
        self.table.model_.take(known, batch.removed, reset=batch.reset)
        self._say()

    def _is_possible(self, group: Object) -> bool:
        return group_words.is_named(group) and (self._inside is None or group["id"] in self._inside)

    def _say(self) -> None:
        name = self.filter.box.text().strip()
        taken = {str(group["name"]).casefold() for group in self._context.live.kind(GROUP).values()}
        self.new.setText(tr(" New group “{name}”", name=name) if name else tr(" New group"))
        self.new.setEnabled(bool(name) and name.casefold() not in taken)
        self.go.setEnabled(self.table.selected_count() == 1)

    def _left(self) -> None:
        """Enter: to the groups, or where none has such a name, to making it."""
        if self.table.model_.rowCount():
            self.table.setFocus()
            self.table.select([self.table.model_.id_at(0)])
        elif self.new.isEnabled():
            self.new.setFocus()

    def _choose(self) -> None:
        ids = self.table.selected_ids()
        if len(ids) == 1:
            self.accept()
            self.chosen.emit(ids[0])

    def _make(self) -> None:
        name = self.filter.box.text().strip()
        self.accept()
        self.named.emit(name)

    def _columns(self) -> list[Column]:
        count = Column(
            "count",
            tr("Devices"),
            lambda group: f"{group.get('device_count') or 0:,}",
            Kind.NUMBER,
            sort=lambda group: group.get("device_count") or 0,
            width=90,
        )
        if self._inside is not None:
            inside = self._inside
            count = Column(
                "count",
                tr("Of these"),
                lambda group: f"{inside.get(group['id'], 0):,}",
                Kind.NUMBER,
                sort=lambda group: inside.get(group["id"], 0),
                width=90,
            )
        return [
            Column("name", tr("Name"), lambda group: str(group["name"]), Kind.STRONG, width=200),
            count,
            Column(
                "description", tr("Description"), lambda g: g.get("description") or "", Kind.MUTED, width=120
            ),
        ]
