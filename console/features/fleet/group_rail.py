"""The groups beside the devices: to look into one, and to drag devices onto."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QAbstractItemView, QListWidget, QListWidgetItem

from backend_lite.contract.live import DEVICE, GROUP
from console.core.live import LiveBatch, LiveStore
from console.core.own_rights import Need
from console.core.texts import plural, tr
from console.features.fleet.group_words import is_named
from console.shell.needing import follow
from console.shell.theme import set_role
from console.widgets.dragging import dragged

Object = dict[str, Any]
EVERYTHING = 0
_ID, _NAMED = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1
_WIDTH = 190


class GroupRail(QListWidget):
    """`chosen(group_id)`: show its devices, EVERYTHING all of them. `dropped(group_id, device_ids)`: a group
    that names its devices was given some, which takes what is `needed`."""

    chosen = Signal(int)
    dropped = Signal(int, list)

    def __init__(self, live: LiveStore, needed: Need) -> None:
        super().__init__()
        self._live = live
        self._quiet = False
        self.setAccessibleName(tr("Groups"))
        set_role(self, "lines")
        self.setFixedWidth(_WIDTH)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DropOnly)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        follow(self, needed, self.setAcceptDrops)
        self.currentItemChanged.connect(self._choose)
        self.destroyed.connect(live.subscribe(GROUP, self._take))

    @property
    def group_id(self) -> int:
        item = self.currentItem()
        return EVERYTHING if item is None else int(item.data(_ID))

    def choose(self, group_id: int) -> None:
        for at in range(self.count()):
            if self.item(at).data(_ID) == group_id:
                self.setCurrentRow(at)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dragged(event.mimeData(), DEVICE):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        item = self.itemAt(event.position().toPoint())
        if item is not None and item.data(_NAMED):
            event.acceptProposedAction()
        else:
            event.ignore()

    def dropEvent(self, event: QDropEvent) -> None:
        item = self.itemAt(event.position().toPoint())
        ids = [key for key in dragged(event.mimeData(), DEVICE) if isinstance(key, int)]
        if item is not None and item.data(_NAMED) and ids:
            event.acceptProposedAction()
            self.dropped.emit(int(item.data(_ID)), ids)

    def _take(self, _batch: LiveBatch) -> None:
        chosen = self.group_id
        self._quiet = True
        self.clear()
        self._add(EVERYTHING, tr("All devices"), named=False)
        groups = sorted(self._live.kind(GROUP).values(), key=lambda one: str(one["name"]).casefold())
        for group in groups:
            self._add(group["id"], str(group["name"]), named=is_named(group), group=group)
        self.setCurrentRow(0)
        self.choose(chosen)
        self._quiet = False
        if self.group_id != chosen:
            self.chosen.emit(self.group_id)

    def _add(self, group_id: int, text: str, *, named: bool, group: Object | None = None) -> None:
        item = QListWidgetItem(text, self)
        item.setData(_ID, group_id)
        item.setData(_NAMED, named)
        if group is None:
            return
        count = int(group.get("device_count") or 0)
        said = plural(count, "{name}, {count} device", "{name}, {count} devices", name=text)
        item.setToolTip(said if named else tr("{said}, by a query", said=said))
        item.setData(Qt.ItemDataRole.AccessibleTextRole, item.toolTip())

    def _choose(self, _now: QListWidgetItem | None, _before: QListWidgetItem | None) -> None:
        if not self._quiet:
            self.chosen.emit(self.group_id)
