"""The page of one software item."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtWidgets import QWidget

from console.core.drafts import Draft, Drafts
from console.core.run_request import RUN_DIALOG, RunRequest
from console.core.software_edit import EditedSoftware
from console.core.texts import tr
from console.features.software.editor_base import EditorPage
from console.features.software.item_actions import ItemActions
from console.features.software.item_form import ItemForm
from console.features.software.item_kind import item_editing
from console.features.software.upload_desk import UploadDesk
from console.shell.context import Context
from console.shell.parts import button

Object = dict[str, Any]


class ItemPage(EditorPage):
    key = "software-item"

    def __init__(self, context: Context, drafts: Drafts[Draft[EditedSoftware]], desk: UploadDesk) -> None:
        self.install = button(
            tr("Install on…"), self._install, icon="run", need=context.rights.need("rollouts:run")
        )
        super().__init__(context, item_editing(), ItemForm(desk), drafts)
        self.actions_ = ItemActions(self, context)

    def other_buttons(self) -> list[QWidget]:
        return [self.install]

    def show_buttons(self, *, possible: bool) -> None:
        self.install.setEnabled(possible)

    def menu_entries(self, found: Object) -> list[tuple[str, Callable[[], object], str]]:
        actions = self.actions_
        return [
            (tr("Uninstall from…"), partial(actions.uninstall, [found]), "rollouts:run"),
            (tr("Where is it installed"), partial(actions.show_places, found), "devices:view"),
            (tr("Duplicate"), partial(actions.duplicate, found), "software:create"),
            (tr("Delete…"), partial(actions.ask_delete, [found], self.deleted), "software:delete"),
        ]

    def _install(self) -> None:
        if self.dirty:
            self.notice.say(
                tr("Save first: what is installed is the saved item."), "accent", {tr("Save"): self.save_now}
            )
            return
        self._context.navigator.ask(RUN_DIALOG, RunRequest(software_id=self.object_id))
