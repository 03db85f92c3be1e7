"""All software items of the library."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtWidgets import QMenu, QWidget

from backend_lite.contract.software_query import SOFTWARE_FIELDS
from console.core.installed import is_removable
from console.core.live import LiveBatch
from console.core.texts import tr
from console.features.software.item_actions import ItemActions
from console.features.software.item_columns import (
    SEARCHED,
    item_columns,
    item_predicate,
    known_words,
    search_text,
)
from console.features.software.item_kind import item_editing
from console.features.software.item_preview import ItemPreview
from console.features.software.list_base import ListPage
from console.features.software.upload_desk import UploadDesk
from console.shell.context import Context
from console.shell.parts import button
from console.widgets.empty_state import EmptyState
from console.widgets.live_table import LiveTable

Object = dict[str, Any]


class SoftwarePage(ListPage):
    key = "software"
    editor_key = "software-item"

    def __init__(self, context: Context, desk: UploadDesk) -> None:
        super().__init__(
            context,
            desk,
            item_editing(),
            tr("Filter software"),
            SOFTWARE_FIELDS,
            item_predicate,
            known_words,
        )
        self.search_hint = tr("Search software, devices, scripts or commands")
        self.actions_: ItemActions = ItemActions(self, context)
        self.info = ItemPreview(context, self.actions_)
        self.destroyed.connect(self.info.deleteLater)
        table = LiveTable(
            self.key,
            self.title,
            item_columns(context.clock),
            search_text,
            context.settings,
            searched=SEARCHED,
            sort="name",
        )
        table.selection_changed.connect(self._selected)
        nothing = EmptyState(
            "package",
            tr("No software yet"),
            tr("A software item says how something is installed and removed: an MSI or EXE that you bring, "
               "a package of winget, Chocolatey, apt or dnf, or a script. Make one, then install it on "
               "devices or put it into a profile."),
            self.new_button(),
            button(
                tr("What is installed"),
                lambda: context.navigator.open("installed-software"),
                need=context.rights.need("devices:view"),
            ),
        )  # fmt: skip
        no_match = tr("No software matches"), tr("No software item is what the filter asks for.")
        self.set_up(table, nothing, no_match)

    def details(self) -> QWidget | None:
        return self.info if self.table.selected_count() else None

    def take(self, batch: LiveBatch) -> None:
        super().take(batch)
        if self.table.selected_count() and (batch.reset or batch.changed):
            self.info.show_items(self.table.selected_objects())

    def fill_menu(self, menu: QMenu, chosen: list[Object]) -> None:
        actions, one = self.actions_, chosen[0] if len(chosen) == 1 else None
        removable = all(map(is_removable, chosen))
        self.add(menu, tr("Install on…"), partial(actions.install, chosen), "rollouts:run")
        uninstall = partial(actions.uninstall, chosen)
        self.add(menu, tr("Uninstall from…"), uninstall, "rollouts:run", possible=removable)
        if one is not None:
            self.add(menu, tr("Where is it installed"), partial(actions.show_places, one), "devices:view")
            menu.addSeparator()
            self.add(menu, tr("Duplicate"), partial(actions.duplicate, one), "software:create")

    # ---- inside

    def _selected(self) -> None:
        if chosen := self.table.selected_objects():
            self.info.show_items(chosen)
        self.details_changed.emit()
