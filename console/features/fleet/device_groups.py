"""The groups that a device is in now."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QPushButton, QWidget

from backend_lite.contract.fleet import Group
from backend_lite.contract.live import GROUP
from console.core.live import LiveBatch
from console.core.texts import tr
from console.features.fleet import group_ops
from console.features.fleet.group_changes import change_members, make_group
from console.features.fleet.group_choice import GroupChoice
from console.shell.context import Context
from console.shell.parts import button, column, label, row

_AGAIN_MS = 30_000


class DeviceGroups(QWidget):
    """`changed` follows what is known of them. The service is asked: which device a query finds depends on
    the time, too."""

    changed = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._device_id = 0
        self.groups: list[Group] = []
        self.links: list[QPushButton] = []
        self._lines: list[QWidget] = []
        self.none = label(tr("It is in no group."), "muted")
        self.add = button(tr("Add to group…"), self.ask, icon="plus", need=context.rights.need("groups:edit"))
        self._column = column(gap=2)
        self.setLayout(
            column(
                row(label(tr("Groups"), "header"), None), self.none, self._column, row(self.add, None), gap=6
            )
        )
        self._again = QTimer(self)
        self._again.setInterval(_AGAIN_MS)
        self._again.timeout.connect(self.load)
        self.destroyed.connect(context.live.subscribe(GROUP, self._take))

    @property
    def ids(self) -> list[int]:
        return [group.id for group in self.groups]

    def show_device(self, device_id: int) -> None:
        if device_id != self._device_id:
            self._device_id = device_id
            self._show([])
        self.load()

    def load(self) -> None:
        device_id = self._device_id
        if not device_id or not self._context.live.kind(GROUP):
            self._show([])
            return

        def show(groups: list[Group]) -> None:
            if device_id == self._device_id:
                self._show(groups)

        self._context.ops.run(
            group_ops.of_device(self._context.client, device_id),
            on_success=show,
            on_error=lambda _refusal: None,
            owner=self,
        )

    def ask(self) -> GroupChoice:
        ids = [self._device_id]
        dialog = GroupChoice(self, self._context, tr("Add the device to a group"), tr("Add"))
        dialog.chosen.connect(lambda group_id: change_members(self, self._context, group_id, ids, []))
        dialog.named.connect(lambda name: make_group(self, self._context, name, ids))
        dialog.open()
        return dialog

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._again.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._again.stop()

    def _take(self, _batch: LiveBatch) -> None:
        if self.isVisible():
            self.load()

    def _show(self, groups: list[Group]) -> None:
        if [(group.id, group.name) for group in groups] != [(one.id, one.name) for one in self.groups]:
            for old in self._lines:
                self._column.removeWidget(old)
                old.hide()
                old.deleteLater()
            self._lines, self.links = [], []
            for group in groups:
                self._add_link(group)
        self.groups = groups
        self.none.setVisible(not groups)
        self.changed.emit()

    def _add_link(self, group: Group) -> None:
        link = button(group.name.replace("&", "&&"), partial(self._open, group.id), "link")
        line = QWidget()
        line.setLayout(row(link, None))
        self.links.append(link)
        self._lines.append(line)
        self._column.addWidget(line)

    def _open(self, group_id: int) -> None:
        self._context.navigator.open("group", str(group_id))
