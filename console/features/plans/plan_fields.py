"""What of a profile can be edited besides its tasks."""

from __future__ import annotations

from typing import Any

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QFrame, QLineEdit

from backend_lite.contract.library import TARGET_OS_TYPES
from backend_lite.contract.live import OS_IMAGE
from backend_lite.contract.plans import MAX_DESCRIPTION, MAX_NAME
from console.core import words
from console.core.live import LiveBatch
from console.core.plan_tasks import EditedPlan
from console.core.texts import tr
from console.shell.context import Context
from console.shell.parts import column, frame, row
from console.widgets.form import Field


class PlanFields(QFrame):
    """`changed(field)` follows what a person changes, not what `show_plan` sets."""

    changed = Signal(str)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._quiet = False
        self.name_box = QLineEdit()
        self.name_box.setMaxLength(MAX_NAME)
        self.name = Field(tr("Name"), self.name_box)
        self.system = QComboBox()
        for system in ("", *TARGET_OS_TYPES):
            self.system.addItem(words.system_word(system or None), system)
        self.image = QComboBox()
        self.image.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.image.setMinimumContentsLength(14)
        self.description = QLineEdit()
        self.description.setMaxLength(MAX_DESCRIPTION)
        self.description.setPlaceholderText(tr("Description"))
        self.description.setAccessibleName(tr("Description"))
        first = row(self.name, Field(tr("Runs on"), self.system), Field(tr("OS image"), self.image))
        first.setStretch(0, 1)
        inside = frame("tool-bar", column(first, self.description), (16, 10, 16, 10))
        self.setLayout(column(inside))
        self.destroyed.connect(context.live.subscribe(OS_IMAGE, self._fill_images))
        self.name_box.textEdited.connect(lambda _text: self._tell("name"))
        self.description.textEdited.connect(lambda _text: self._tell("description"))
        self.system.currentIndexChanged.connect(lambda _at: self._tell(""))
        self.image.currentIndexChanged.connect(lambda _at: self._tell(""))

    def show_plan(self, plan: EditedPlan) -> None:
        self._quiet = True
        for box, text in ((self.name_box, plan.name), (self.description, plan.description)):
            # What a person typed with a space at its end is left as it is.
            if box.text().strip() != text:
                box.setText(text)
                box.setCursorPosition(0)
        self.system.setCurrentIndex(max(self.system.findData(plan.target_os_type), 0))
        self._choose_image(plan.os_image_id)
        self._quiet = False
        self.name.set_error("")

    def write(self, plan: EditedPlan) -> EditedPlan:
        return msgspec.structs.replace(
            plan,
            name=self.name_box.text().strip(),
            description=self.description.text().strip(),
            target_os_type=self.system.currentData(),
            os_image_id=self.image.currentData(),
        )

    def _fill_images(self, _batch: LiveBatch) -> None:
        self._quiet = True
        chosen = self.image.currentData()
        self.image.clear()
        self.image.addItem(tr("None"), None)
        images = self._context.live.kind(OS_IMAGE).values()
        for image in sorted(images, key=lambda one: str(one["name"]).lower()):
            self.image.addItem(_with_version(image), image["id"])
        self._choose_image(chosen)
        self._quiet = False

    def _choose_image(self, image_id: int | None) -> None:
        at = self.image.findData(image_id) if image_id is not None else 0
        if at < 0:
            self.image.addItem(tr("Image {id}", id=image_id), image_id)
            at = self.image.count() - 1
        self.image.setCurrentIndex(at)

    def _tell(self, field: str) -> None:
        if not self._quiet:
            self.name.set_error("")
            self.changed.emit(field)


def _with_version(image: dict[str, Any]) -> str:
    """The name with the version, unless that stands at its end already."""
    name, version = image["name"], image.get("version_text") or ""
    return name if name.endswith(version) else f"{name} {version}"
