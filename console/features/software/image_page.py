"""The page of one image."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtWidgets import QWidget

from console.core.drafts import Draft, Drafts
from console.core.image_edit import EditedImage
from console.core.texts import tr
from console.features.software.editor_base import EditorPage
from console.features.software.image_actions import ImageActions
from console.features.software.image_form import ImageForm
from console.features.software.image_kind import image_editing
from console.features.software.upload_desk import UploadDesk
from console.shell.context import Context
from console.shell.parts import button

Object = dict[str, Any]


class ImagePage(EditorPage):
    key = "os-image"

    def __init__(self, context: Context, drafts: Drafts[Draft[EditedImage]], desk: UploadDesk) -> None:
        self.download = button(tr("Download…"), self._download, icon="download")
        self.boot = button(
            tr("Boot address…"), self._boot, icon="link", need=context.rights.need("os_images:run")
        )
        super().__init__(context, image_editing(), ImageForm(context, desk), drafts)
        self.actions_ = ImageActions(self, context)

    def other_buttons(self) -> list[QWidget]:
        return [self.boot, self.download]

    def show_buttons(self, *, possible: bool) -> None:
        for part in (self.download, self.boot):
            part.setEnabled(possible and self._image is not None)

    def menu_entries(self, found: Object) -> list[tuple[str, Callable[[], object], str]]:
        delete = partial(self.actions_.ask_delete, [found], self.deleted)
        return [(tr("Delete…"), delete, "os_images:delete")]

    @property
    def _image(self) -> Object | None:
        """As it is saved; None while the service keeps no file of it."""
        known = self._context.live.get(self.editing.live, self.object_id)
        return known if known is not None and known["file_sha256"] is not None else None

    def _download(self) -> None:
        if self._image is not None:
            self.actions_.ask_download(self._image)

    def _boot(self) -> None:
        if self._image is not None:
            self.actions_.ask_boot_address(self._image)
