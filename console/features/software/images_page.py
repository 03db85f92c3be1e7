"""All images of operating systems, and the listener that serves them to boot tools."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

from PySide6.QtWidgets import QMenu

from backend_lite.contract.image_query import OS_IMAGE_FIELDS
from backend_lite.contract.live import PROFILE
from console.core.live import LiveBatch
from console.core.texts import tr
from console.features.software.boot_card import BootCard
from console.features.software.image_actions import ImageActions
from console.features.software.image_columns import (
    image_columns,
    image_predicate,
    known_words,
    search_text,
)
from console.features.software.image_kind import image_editing
from console.features.software.list_base import ListPage
from console.features.software.upload_desk import UploadDesk
from console.shell.context import Context
from console.widgets.empty_state import EmptyState
from console.widgets.live_table import LiveTable

Object = dict[str, Any]


class ImagesPage(ListPage):
    key = "os-images"
    editor_key = "os-image"

    def __init__(self, context: Context, desk: UploadDesk) -> None:
        super().__init__(
            context,
            desk,
            image_editing(),
            tr("Filter images"),
            OS_IMAGE_FIELDS,
            image_predicate,
            known_words,
        )
        self.search_hint = tr("Search images, devices, scripts or commands")
        self._profiles: Counter[int] = Counter()
        self.actions_: ImageActions = ImageActions(self, context)
        self.boot = BootCard(context)
        table = LiveTable(
            self.key,
            self.title,
            image_columns(context.clock, lambda image_id: self._profiles[image_id]),
            search_text,
            context.settings,
            sort="name",
        )
        nothing = EmptyState(
            "disc",
            tr("No images yet"),
            tr("An image is what an operating system is installed from. Bring the file, which is verified "
               "and kept here, or write down where it lies; then link it to profiles, or hand it to "
               "boot tools."),
            self.new_button(),
        )  # fmt: skip
        no_match = tr("No image matches"), tr("No image is what the filter asks for.")
        self.set_up(table, nothing, no_match, self.boot)
        self.destroyed.connect(context.live.subscribe(PROFILE, self._take_profiles))

    def fill_menu(self, menu: QMenu, chosen: list[Object]) -> None:
        if len(chosen) != 1:
            return
        (image,) = chosen
        kept = image["file_sha256"] is not None
        self.add(menu, tr("Download…"), partial(self.actions_.ask_download, image), possible=kept)
        boot = partial(self.actions_.ask_boot_address, image)
        self.add(menu, tr("Boot address…"), boot, "os_images:run", possible=kept)

    # ---- inside

    def _take_profiles(self, _batch: LiveBatch) -> None:
        before = self._profiles
        profiles = self._context.live.kind(PROFILE).values()
        self._profiles = Counter(one["os_image_id"] for one in profiles if one["os_image_id"] is not None)
        self.table.model_.touch(
            [key for key in {*before, *self._profiles} if before[key] != self._profiles[key]]
        )
