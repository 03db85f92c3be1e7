"""Everything that can be said about an image of an operating system."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from backend_lite.contract.library import TARGET_OS_TYPES
from console.core import words
from console.core.image_edit import ARCHITECTURES, EditedImage
from console.core.texts import tr
from console.features.software.file_form import FileForm
from console.features.software.image_profiles import ImageProfiles
from console.features.software.upload_desk import UploadDesk
from console.shell.context import Context
from console.shell.parts import card, column, label, row
from console.widgets.form import Field

_KINDS = "*.iso *.wim *.esd *.img *.qcow2 *.vhdx *.vhd *.xz *.gz"
_MAX_TEXT = 4000
_SELECTABLE = Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard


class ImageForm(FileForm):
    def __init__(self, context: Context, desk: UploadDesk) -> None:
        super().__init__(
            EditedImage(),
            desk,
            tr("Image file"),
            tr("Drop the image here. The service keeps it, for devices and for boot tools."),
            tr("Images ({kinds});;All files (*)", kinds=_KINDS),
        )
        self.profiles = ImageProfiles(context)
        left = column(self._about(), None, gap=12)
        right = column(self._file(), self.profiles, None, gap=12)
        self._stand_beside(left, right)
        self.file.removed.connect(lambda: self.change("", self.value.without_file()))

    # ---- what the page asks

    def show_key(self, key: str) -> None:
        super().show_key(key)
        self.profiles.show_image(int(key) if key.isdigit() else 0)

    def wrong(self) -> dict[str, str]:
        return {} if self.value.name.strip() else {"name": tr("Give it a name.")}

    def show_file(self, value: EditedImage) -> None:
        kept = bool(value.file_sha256)
        badge = tr("Verified") if value.verified_at else tr("Verified when it is saved") if kept else ""
        self.file.show_file(
            self._key, value.file_name if kept else "", value.file_size, badge, removable=True
        )
        self.sum.setText(value.file_sha256)
        self.sum_field.setVisible(kept)

    # ---- the cards

    def _about(self) -> QWidget:
        systems = {one: words.system_word(one) if one else tr("Not said") for one in ("", *TARGET_OS_TYPES)}
        return card(
            label(tr("What it is"), "title"),
            self.line("name", tr("Name")),
            _pair(
                self.choice("os_type", tr("System"), systems),
                self.line("version_text", tr("Version"), most=100),
            ),
            _pair(
                self.line("edition", tr("Edition"), most=100, empty=tr("Such as Enterprise LTSC")),
                self.line("language", tr("Language"), most=40, empty=tr("Such as en-US")),
            ),
            self.line(
                "architecture",
                tr("Architecture"),
                most=40,
                empty=tr("Such as {names}", names=", ".join(ARCHITECTURES)),
            ),
            self.line("description", tr("Description"), most=_MAX_TEXT),
        )

    def _file(self) -> QWidget:
        self.fields["file"] = Field(tr("File"), self.file)
        self.sum = label("", "secondary", wrap=True)
        self.sum.setTextInteractionFlags(_SELECTABLE)
        self.sum_field = Field(tr("SHA-256 of the file"), self.sum)
        return card(
            label(tr("Its file"), "title"),
            self.fields["file"],
            self.sum_field,
            self.line(
                "checksum",
                tr("Checksum of its publisher (SHA-256)"),
                tr("A file that differs is refused."),
                most=100,
            ),
            self.line(
                "storage_ref",
                tr("Where it lies"),
                tr("For an image that the service does not keep itself, such as a path or an address."),
                most=2000,
            ),
        )


def _pair(*fields: Field) -> QHBoxLayout:
    line = row(*fields, gap=12)
    for at in range(len(fields)):
        line.setStretch(at, 1)
    return line
