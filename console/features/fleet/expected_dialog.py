"""One expected device: by what it is known, and what it is to get."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QLineEdit, QWidget

from backend_lite.contract.fleet import ExpectedDevice, ExpectedDeviceCreate, ExpectedDeviceUpdate
from backend_lite.contract.live import GROUP
from console.core.live import LiveBatch
from console.core.ops import Op
from console.core.texts import tr
from console.features.fleet import expected_ops
from console.features.fleet.group_words import is_named
from console.features.fleet.tag_words import parted
from console.shell.context import Context
from console.shell.parts import button, column, label, row
from console.widgets.form import ErrorLine, Field
from console.widgets.tick_list import TickList

Object = dict[str, Any]
WIDTH = 480


class ExpectedDialog(QDialog):
    """For a new one, or with `entry` for one that is there. `saved(ExpectedDevice)`."""

    saved = Signal(object)

    def __init__(self, parent: QWidget, context: Context, entry: Object | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._context, self._entry = context, entry
        title = tr("Expect a device") if entry is None else tr("Expected device")
        self.setWindowTitle(title)
        self.setFixedWidth(WIDTH)
        self.serial, self.hostname, self.tags, self.note = (QLineEdit() for _ in range(4))
        self.serial.setMaxLength(200)
        self.hostname.setMaxLength(255)
        self.note.setMaxLength(2000)
        self.groups = TickList(tr("Groups"))
        self.groups_field = Field(tr("Groups that it joins"), self.groups)
        self.known = Field(
            tr("Serial number"), self.serial, tr("It is known by that, or without one by its host name.")
        )
        self.error = ErrorLine()
        self.go = button(tr("Expect it") if entry is None else tr("Save"), self._save, "primary")
        lines = column(
            label(title, "title"),
            self.known,
            Field(tr("Host name"), self.hostname),
            Field(tr("Tags"), self.tags, tr("Words with commas between them.")),
            self.groups_field,
            Field(tr("Note"), self.note),
            self.error,
            row(None, button(tr("Cancel"), self.reject), self.go),
            gap=12,
        )
        lines.setContentsMargins(20, 20, 20, 16)
        self.setLayout(lines)
        self._fill(entry)
        self.destroyed.connect(context.live.subscribe(GROUP, self._take_groups))
        self.go.setDefault(True)

    def _fill(self, entry: Object | None) -> None:
        if entry is None:
            return
        self.serial.setText(entry["serial"])
        self.hostname.setText(entry["hostname"])
        self.tags.setText(", ".join(entry["tags"]))
        self.note.setText(entry["note"])
        come = entry["arrived_at"] is not None
        for box in (self.serial, self.hostname):
            box.setReadOnly(come)
            box.setEnabled(not come)
        if come:
            self.known.set_hint(tr("It has come: what it was known by stays."))

    def _take_groups(self, batch: LiveBatch) -> None:
        named = {
            key: str(group["name"])
            for key, group in self._context.live.kind(GROUP).items()
            if is_named(group)
        }
        self.groups.show_names(named)
        if batch.reset and self._entry is not None:
            self.groups.tick(self._entry["groups"])
        self.groups_field.setVisible(bool(named))

    def _save(self) -> None:
        self.error.hide()
        self._context.ops.run(self._op(), on_success=self._saved, on_error=self.error.refused, owner=self)

    def _op(self) -> Op[ExpectedDevice]:
        serial, hostname, note = (box.text().strip() for box in (self.serial, self.hostname, self.note))
        tags, groups, client = parted(self.tags.text()), self.groups.ticked(), self._context.client
        if self._entry is None:
            return expected_ops.create(client, ExpectedDeviceCreate(hostname, serial, tags, groups, note))
        change = ExpectedDeviceUpdate(hostname, serial, tags, groups, note)
        return expected_ops.update(client, self._entry["id"], change)

    def _saved(self, expected: ExpectedDevice) -> None:
        self.saved.emit(expected)
        self.accept()
