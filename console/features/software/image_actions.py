"""What can be done with chosen images, wherever they are shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from console.core import software_ops as ops
from console.core.texts import plural, tr
from console.features.software.boot_dialog import BootDialog
from console.features.software.delete_items import ask_delete
from console.shell.context import Context
from console.widgets.confirm import ConfirmDialog

Object = dict[str, Any]


class ImageActions:
    """`owner` is the page on which it happens."""

    def __init__(self, owner: QWidget, context: Context) -> None:
        self._owner, self._context = owner, context

    def open(self, image_id: int) -> None:
        self._context.navigator.open("os-image", str(image_id))

    def ask_download(self, image: Object) -> None:
        dialog = QFileDialog(self._owner, tr("Download the image"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.selectFile(image["file_name"])
        dialog.fileSelected.connect(lambda path: self.download(image, Path(path)))
        dialog.open()

    def download(self, image: Object, to: Path) -> None:
        def done(path: Path) -> None:
            self._context.notices.notice(tr("The image is in {path}, verified.", path=path), "good")

        self._context.ops.run(ops.download_image(self._context.client, image, to), on_success=done)

    def ask_boot_address(self, image: Object) -> BootDialog:
        dialog = BootDialog(self._owner, self._context, image)
        dialog.open()
        return dialog

    def ask_delete(
        self, images: Sequence[Object], then: Callable[[], object] = lambda: None
    ) -> ConfirmDialog:
        return ask_delete(
            self._owner,
            self._context,
            images,
            plural(len(images), "Delete this image?", "Delete {count} images?"),
            tr("A file that nothing else needs goes a day later."),
            ops.delete_images(self._context.client, images),
            then,
        )
