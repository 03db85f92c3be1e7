"""The profiles that an image is linked to."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QWidget

from backend_lite.contract.live import PROFILE
from console.core.live import LiveBatch
from console.core.texts import tr
from console.shell.context import Context
from console.shell.parts import button, card, column, label, row


class ImageProfiles(QWidget):
    """Hidden while there is no image."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._image_id = 0
        self.names: dict[int, str] = {}
        self.none = label(
            tr("No profile has this image yet: choose it in the editor of a profile."), "muted", wrap=True
        )
        self._rows = QWidget()
        self._rows.hide()
        self._column = column(self._rows)
        self.setLayout(column(card(label(tr("Linked profiles"), "title"), self.none, self._column)))
        self.destroyed.connect(context.live.subscribe(PROFILE, self._take))

    def show_image(self, image_id: int) -> None:
        self._image_id = image_id
        self.setVisible(bool(image_id))
        self._show()

    def _take(self, _batch: LiveBatch) -> None:
        self._show()

    def _show(self) -> None:
        profiles = self._context.live.kind(PROFILE).values()
        found = {one["id"]: str(one["name"]) for one in profiles if one["os_image_id"] == self._image_id}
        self.none.setVisible(not found)
        if found == self.names:
            return
        self.names = found
        rows = QWidget()
        rows.setLayout(column(*(self._line(*one) for one in sorted(found.items(), key=_name)), gap=2))
        self._column.replaceWidget(self._rows, rows)
        self._rows.deleteLater()
        self._rows = rows
        rows.setVisible(bool(found))

    def _line(self, profile_id: int, name: str) -> QWidget:
        line = QWidget()
        go = partial(self._context.navigator.open, "profile", str(profile_id))
        line.setLayout(row(button(name, go, "link", name=tr("Open the profile {name}", name=name)), None))
        return line


def _name(one: tuple[int, str]) -> str:
    return one[1].lower()
