"""The folders of the library, beside the table: chosen, renamed with F2, and dropped onto."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTreeWidget, QTreeWidgetItem

from backend_lite.contract.live import SCRIPT
from console.core.own_rights import Need
from console.core.texts import tr
from console.features.library.folders import folder_key, folders_of, is_inside, parents, plain_folder
from console.shell.needing import follow
from console.shell.theme import set_role, theme
from console.widgets.dragging import drag_objects, dragged

Object = dict[str, Any]
FOLDER = "script-folder"
ALL, FAVORITES, INSIDE = "all", "favorites", "folder"
_ROLE = Qt.ItemDataRole.UserRole
_COUNT_WIDTH = 48


@dataclass(frozen=True)
class Place:
    """What the table shows: everything, the favorites, or what lies in `folder` and in those within it."""

    kind: str = ALL
    folder: str = ""

    def holds(self, script: Object) -> bool:
        return self.kind != INSIDE or is_inside(str(script["folder"]), self.folder)

    @property
    def key(self) -> tuple[str, str]:
        return self.kind, folder_key(self.folder)


class FolderTree(QTreeWidget):
    """`chosen(place)`. `scripts_dropped(ids, folder)`, `folder_dropped(folder, into)` and
    `renamed(folder, name)` are wishes: the tree follows the scripts. Without what is `needed` for them it is
    for choosing only. `left`: Enter, to the table."""

    chosen = Signal(object)
    scripts_dropped = Signal(list, str)
    folder_dropped = Signal(str, str)
    renamed = Signal(str, str)
    menu_opening = Signal(QMenu, object)
    left = Signal()

    def __init__(self, needed: Need) -> None:
        super().__init__()
        self.setAccessibleName(tr("Folders"))
        set_role(self, "folders")
        self.setColumnCount(2)
        self.setHeaderHidden(True)
        self.header().setStretchLastSection(False)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.header().setSectionResizeMode(1, QHeaderView.ResizeMode.Fixed)
        self.header().resizeSection(1, _COUNT_WIDTH)
        self.setIndentation(14)
        self.setUniformRowHeights(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._items: dict[tuple[str, str], QTreeWidgetItem] = {}
        self._shown: list[tuple[Place, int]] = []
        self._quiet = False
        self._awaited: Place | None = None
        self.currentItemChanged.connect(self._chosen)
        self.itemChanged.connect(self._edited)
        theme().changed.connect(self._paint_icons)
        self.show_scripts([], 0)
        follow(self, needed, self._let_change)

    @property
    def place(self) -> Place:
        return _place(self.currentItem())

    def show_scripts(self, scripts: Iterable[Object], favorites: int) -> None:
        """The folders of all scripts; the chosen one stays while it is there."""
        every = list(scripts)
        counts = Counter(folder_key(up) for one in every for up in parents(str(one["folder"])))
        lines = [(Place(), len(every)), (Place(FAVORITES), favorites)]
        lines += [(Place(INSIDE, spelled), counts[key]) for key, spelled in sorted(folders_of(every).items())]
        if lines != self._shown:
            self._shown = lines
            self._rebuild()

    def choose(self, place: Place) -> None:
        """Everything, where that place is not there."""
        self.setCurrentItem(self._items.get(place.key, self._items[Place().key]))

    def follow(self, place: Place) -> None:
        """Chooses the place as soon as it is there: the scripts of the chosen one are on their way."""
        self._awaited = place

    def rename_current(self) -> None:
        item = self.currentItem()
        if item is not None and self.place.kind == INSIDE:
            self.editItem(item, 0)

    # ---- what Qt calls

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.menu_opening.emit(menu, self.place)
        at = event.globalPos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            row = self.visualRect(self.currentIndex())
            at = self.viewport().mapToGlobal(row.bottomLeft())
        menu.popup(at)

    def startDrag(self, _actions: Qt.DropAction) -> None:
        if self.place.kind == INSIDE:
            drag_objects(self, FOLDER, [self.place.folder])

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().formats() and self._wish(event, event.position().toPoint()) is not None:
            event.acceptProposedAction()
        elif dragged(event.mimeData(), SCRIPT) or dragged(event.mimeData(), FOLDER):
            # Here is nothing to drop it onto, but further down there is.
            event.accept()
        else:
            event.ignore()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        at = event.position().toPoint()
        if self._wish(event, at) is None:
            event.ignore()
            return
        self._point_at(self.itemAt(at))
        event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._point_at(None)
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        self._point_at(None)
        wish = self._wish(event, event.position().toPoint())
        if wish is None:
            event.ignore()
            return
        event.acceptProposedAction()
        ids, folder, into = wish
        if ids:
            self.scripts_dropped.emit(ids, into)
        else:
            self.folder_dropped.emit(folder, into)

    # ---- inside

    def _let_change(self, may: bool) -> None:
        trigger = QAbstractItemView.EditTrigger
        self.setEditTriggers(trigger.EditKeyPressed if may else trigger.NoEditTriggers)
        self.setDragEnabled(may)
        self.setAcceptDrops(may)

    def _point_at(self, item: QTreeWidgetItem | None) -> None:
        """Where it would be dropped."""
        before, self._quiet = self._quiet, True
        for one in self._items.values():
            for at in range(2):
                one.setBackground(at, theme().tokens.accent_tint if one is item else QBrush())
        self._quiet = before

    def _wish(self, event: QDropEvent, at: QPoint) -> tuple[list[Any], str, str] | None:
        """Scripts or a folder, and the folder into which they would go."""
        place = _place(self.itemAt(at))
        if self.itemAt(at) is None or place.kind == FAVORITES:
            return None
        ids = dragged(event.mimeData(), SCRIPT)
        folders = [str(one) for one in dragged(event.mimeData(), FOLDER)]
        if folders and is_inside(place.folder, folders[0]) and place.folder:
            return None
        return (ids, folders[0] if folders else "", place.folder) if ids or folders else None

    def _rebuild(self) -> None:
        kept, self._quiet = self.place, True
        closed = {key for key, item in self._items.items() if not item.isExpanded()}
        self.clear()
        self._items = {}
        for place, count in self._shown:
            self._add(place, count)
        for key, item in self._items.items():
            item.setExpanded(key not in closed or not item.childCount())
        self._paint_icons()
        self._quiet = False
        if self._awaited is not None and self._awaited.key in self._items:
            kept, self._awaited = self._awaited, None
        found = self._items.get(kept.key)
        self.setCurrentItem(found or self._items[Place().key])

    def _add(self, place: Place, count: int) -> None:
        above = self._items.get(Place(INSIDE, place.folder.rpartition("/")[0]).key)
        item = QTreeWidgetItem([_title(place), f"{count:,}" if count else ""])
        item.setData(0, _ROLE, place)
        item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        item.setForeground(1, theme().tokens.muted)
        item.setData(0, Qt.ItemDataRole.AccessibleTextRole, f"{_title(place)}, {count}")
        if place.kind == INSIDE:
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            item.setToolTip(0, place.folder)
        if above is None or place.kind != INSIDE:
            self.addTopLevelItem(item)
        else:
            above.addChild(item)
        self._items[place.key] = item

    def _paint_icons(self) -> None:
        before, self._quiet = self._quiet, True
        icons = {ALL: "script", FAVORITES: "star", INSIDE: "folder"}
        for item in self._items.values():
            item.setIcon(0, theme().icon(icons[_place(item).kind], "muted"))
            item.setForeground(1, theme().tokens.muted)
        self._quiet = before

    def _chosen(self, *_items: QTreeWidgetItem | None) -> None:
        if not self._quiet:
            self.chosen.emit(self.place)

    def _edited(self, item: QTreeWidgetItem, at: int) -> None:
        if self._quiet or at:
            return
        place, name = _place(item), plain_folder(item.text(0))
        self._quiet = True
        item.setText(0, _title(place))
        self._quiet = False
        if name and name != _title(place):
            self.renamed.emit(place.folder, name)


def _place(item: QTreeWidgetItem | None) -> Place:
    found = item.data(0, _ROLE) if item is not None else None
    return found if isinstance(found, Place) else Place()


def _title(place: Place) -> str:
    titles = {ALL: tr("All scripts"), FAVORITES: tr("Favorites")}
    return titles.get(place.kind) or place.folder.rpartition("/")[2]
