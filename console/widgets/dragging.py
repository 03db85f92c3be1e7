"""Objects that are dragged from a table to where something can be done with them."""

from __future__ import annotations

import json
from collections.abc import Sequence

from PySide6.QtCore import QByteArray, QMimeData, Qt
from PySide6.QtGui import QDrag, QPixmap
from PySide6.QtWidgets import QWidget

from console.core.texts import plural
from console.shell.parts import label

_MIME = "application/x-deployflow-"


def objects_data(kind: str, keys: Sequence[object]) -> QMimeData:
    """What is dragged: objects of a live kind by their ids, or of another kind by whatever names them."""
    data = QMimeData()
    data.setData(_MIME + kind, QByteArray(json.dumps(list(keys)).encode()))
    return data


def dragged(data: QMimeData, kind: str) -> list[object]:
    """The keys of the dragged objects of that kind; none where something else is dragged."""
    if not data.hasFormat(_MIME + kind):
        return []
    found: list[object] = json.loads(bytes(data.data(_MIME + kind).data()))
    return found


def drag_objects(source: QWidget, kind: str, keys: Sequence[object]) -> None:
    """Goes on until they are dropped."""
    if not keys:
        return
    drag = QDrag(source)
    drag.setMimeData(objects_data(kind, keys))
    drag.setPixmap(_count(len(keys)))
    drag.exec(Qt.DropAction.MoveAction)


def _count(count: int) -> QPixmap:
    badge = label(plural(count, "One", "{count}"), "mark", "accent")
    badge.adjustSize()
    return badge.grab()
