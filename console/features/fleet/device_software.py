"""What is installed on a device, and where else it is."""

from __future__ import annotations

from typing import Any

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QMenu, QStackedWidget, QWidget

from backend_lite.contract.software import DeviceSoftware, InstalledOn
from console.core import formatting, software_ops
from console.core.errors import ApiError
from console.core.formatting import NOTHING
from console.core.texts import plural, tr
from console.shell.context import Context
from console.shell.parts import button, column, frame, label, row, split
from console.widgets.empty_state import EmptyState
from console.widgets.filter_bar import FilterBar
from console.widgets.live_table import LiveTable
from console.widgets.table_columns import Column, Kind

Object = dict[str, Any]


class DeviceSoftwareView(QWidget):
    """The list is read when it is seen: it is too long for the live stream."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._device_id = 0
        self.filter = FilterBar(self, tr("Filter"))
        self.table = LiveTable(
            "device-software",
            tr("Installed software"),
            _columns(),
            lambda one: f"{one['name']} {one['publisher']} {one['version']}".lower(),
            context.settings,
            sort="name",
        )
        self.note = label("", "secondary")
        self.again = button(tr("Read again"), self.load)
        self.elsewhere = Elsewhere(context)
        self.elsewhere.hide()
        self.nothing = EmptyState("package", "", "")
        self.centre = QStackedWidget()
        parts = split(Qt.Orientation.Horizontal, (self.table, 3), (self.elsewhere, 2))
        self.centre.addWidget(parts)
        self.centre.addWidget(self.nothing)
        head = frame("tool-bar", row(self.filter, None, self.note, self.again), (16, 8, 16, 8))
        self.setLayout(column(head, self.centre, gap=0))
        self._connect()

    def show_device(self, device_id: int) -> None:
        """Reads nothing yet."""
        self._device_id = device_id
        self.table.model_.take({}, set(), reset=True)
        self.elsewhere.hide()

    def load(self) -> None:
        device_id = self._device_id
        self._context.ops.run(
            software_ops.of_device(self._context.client, device_id),
            on_success=lambda found: self._show(device_id, found),
            on_error=self._refused,
            owner=self,
        )

    def show_elsewhere(self) -> None:
        """Where else the chosen software is."""
        chosen = self.table.selected_objects()
        if len(chosen) == 1:
            self.elsewhere.look(str(chosen[0]["name"]), self._device_id)
            self.elsewhere.show()

    # ---- inside

    def _connect(self) -> None:
        self.filter.changed.connect(self._filter)
        self.filter.left.connect(self.table.setFocus)
        self.table.typed.connect(self.filter.begin)
        self.table.opened.connect(lambda _n: self.show_elsewhere())
        self.table.selection_changed.connect(self._selected)
        self.table.menu_opening.connect(self._fill_menu)
        self.elsewhere.closed.connect(self.elsewhere.hide)

    def _show(self, device_id: int, found: DeviceSoftware) -> None:
        if device_id != self._device_id:
            return
        rows = {n: {"id": n, **msgspec.to_builtins(one)} for n, one in enumerate(found.items)}
        self.table.model_.take(rows, set(), reset=True)
        now = self._context.clock()
        if found.reported_at is None:
            self._say(tr("Not told yet"), tr("The agent tells what is installed once it is connected."))
        elif not rows:
            self._say(tr("Nothing is installed"), tr("The device knows of no installed software."))
        else:
            self.centre.setCurrentIndex(0)
        told = formatting.ago(found.reported_at, now) if found.reported_at else ""
        self.note.setText(
            plural(len(rows), "{count} entry, told {when}", "{count} entries, told {when}", when=told)
            if told
            else ""
        )

    def _say(self, title: str, text: str) -> None:
        self.nothing.say(title, text)
        self.centre.setCurrentWidget(self.nothing)

    def _filter(self, text: str, predicate: Any) -> None:
        self.table.model_.filter(text, predicate)

    def _selected(self) -> None:
        if not self.elsewhere.isHidden():
            self.show_elsewhere()

    def _fill_menu(self, menu: QMenu) -> None:
        if self.table.selected_count() == 1:
            menu.addAction(tr("Where else is it installed?")).triggered.connect(
                lambda _checked: self.show_elsewhere()
            )

    def _refused(self, refusal: ApiError) -> None:
        self._say(tr("The list could not be read"), refusal.detail)


class Elsewhere(QWidget):
    """The devices that have something, in which version."""

    closed = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._name = ""
        self.title = label("", "title", wrap=True)
        self.note = label("", "secondary")
        self.table = LiveTable(
            "installed-on",
            tr("Devices that have it"),
            [
                Column("device", tr("Device"), lambda one: str(one["hostname"]), Kind.STRONG, width=130),
                Column("version", tr("Version"), lambda one: one["version"] or NOTHING, width=120),
            ],
            lambda one: f"{one['hostname']} {one['version']}".lower(),
            context.settings,
            sort="device",
        )
        self.table.opened.connect(lambda key: context.navigator.open("device", str(key)))
        close = button(tr("Close"), self.closed.emit, "link")
        lines = column(row(self.title, None, close), self.note, self.table, gap=6)
        lines.setContentsMargins(16, 10, 16, 10)
        self.setLayout(lines)

    def look(self, name: str, _device_id: int) -> None:
        if name == self._name:
            return
        self._name = name
        self.title.setText(name)
        self.note.setText(tr("Looking…"))
        self._context.ops.run(
            software_ops.devices_with(self._context.client, name),
            on_success=lambda found: self._show(name, found),
            on_error=lambda refusal: self.note.setText(refusal.detail),
            owner=self,
        )

    def _show(self, name: str, found: list[InstalledOn]) -> None:
        if name != self._name:
            return
        rows = {one.device_id: {"id": one.device_id, **msgspec.to_builtins(one)} for one in found}
        self.table.model_.take(rows, set(), reset=True)
        self.note.setText(plural(len(rows), "On {count} device", "On {count} devices"))


def _columns() -> list[Column]:
    def text(key: str) -> Any:
        return lambda one: str(one.get(key) or NOTHING)

    return [
        Column("name", tr("Name"), lambda one: str(one["name"]), Kind.STRONG, width=260),
        Column("version", tr("Version"), text("version"), width=130),
        Column("publisher", tr("Publisher"), text("publisher"), Kind.MUTED, width=170),
        Column("source", tr("Known from"), text("source"), Kind.MUTED, width=90),
        Column("architecture", tr("Architecture"), text("architecture"), Kind.MUTED, width=96, hidden=True),
        Column("installed_on", tr("Installed"), text("installed_on"), Kind.MUTED, width=100),
    ]
