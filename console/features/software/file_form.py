"""A form of an object with a file that the service keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLayout

from backend_lite.contract.uploads import StoredFile
from console.features.software.file_box import FileBox
from console.features.software.upload_desk import UploadDesk
from console.features.software.value_form import ValueForm


class FileForm(ValueForm):
    """Values have `with_file`. Uploads lie on the desk under the key of the object. `file_begun`: a file is
    on its way, or no more."""

    file_begun = Signal()

    def __init__(self, value: msgspec.Struct, desk: UploadDesk, title: str, hint: str, kinds: str) -> None:
        super().__init__(value)
        self._desk = desk
        self._key = "new"
        self.file = FileBox(desk, title, hint, kinds)
        self.file.stored.connect(self._take_file)
        self.file.begun.connect(self.file_begun)

    def show_file(self, value: Any) -> None:
        """The part of `show_rest` that is about the file."""

    def show_rest(self, value: Any) -> None:
        self.show_file(value)

    # ---- what the page asks

    def show_key(self, key: str) -> None:
        """What is edited, as its draft calls it."""
        self._key = key

    def rename_key(self, before: str, key: str) -> None:
        """What was new has got an id."""
        self._desk.rename(before, key)
        self.show_key(key)
        self.show_file(self.value)

    def take_arrived(self) -> None:
        """A file may have arrived while another page was open."""
        self.file.take_arrived()

    def pending_file(self) -> str:
        """The path of a file that is on its way; empty when none is."""
        found = self._desk.of(self._key)
        return str(found.path) if found is not None else ""

    def rest_file(self, path: str) -> None:
        """A file that was on its way when the window ended."""
        self._desk.rest(self._key, Path(path))
        self.show_file(self.value)

    def drop_file(self) -> None:
        """Gives up a file that is on its way."""
        self._desk.give_up(self._key)

    # ---- inside

    def _stand_beside(self, *columns: QLayout) -> None:
        line = QHBoxLayout(self)
        line.setContentsMargins(16, 16, 16, 16)
        line.setSpacing(12)
        for part in columns:
            line.addLayout(part, 1)

    def _take_file(self, file: StoredFile) -> None:
        self.change("", self.value.with_file(file))
