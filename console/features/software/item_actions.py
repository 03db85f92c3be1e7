"""What can be done with chosen software items, wherever they are shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtWidgets import QWidget

from backend_lite.contract.runs import TaskAction, TaskCreate
from backend_lite.contract.software import SoftwareItem
from console.core import software_ops as ops
from console.core.installed import places_query
from console.core.run_request import RUN_DIALOG, RunRequest
from console.core.texts import plural, tr
from console.features.software.delete_items import ask_delete
from console.shell.context import Context
from console.widgets.confirm import ConfirmDialog

Object = dict[str, Any]


class ItemActions:
    """`owner` is the page on which it happens."""

    def __init__(self, owner: QWidget, context: Context) -> None:
        self._owner, self._context = owner, context

    def open(self, item_id: int) -> None:
        self._context.navigator.open("software-item", str(item_id))

    def install(self, items: Sequence[Object]) -> None:
        self._ask(items, TaskAction.INSTALL)

    def uninstall(self, items: Sequence[Object]) -> None:
        self._ask(items, TaskAction.UNINSTALL)

    def show_places(self, item: Object) -> None:
        self._context.navigator.open("installed-software", places_query(item))

    def duplicate(self, item: Object) -> None:
        def made(copy: SoftwareItem) -> None:
            self.open(copy.id)

        self._context.ops.run(
            ops.duplicate_item(self._context.client, item["id"]), on_success=made, owner=self._owner
        )

    def ask_delete(self, items: Sequence[Object], then: Callable[[], object] = lambda: None) -> ConfirmDialog:
        return ask_delete(
            self._owner,
            self._context,
            items,
            plural(len(items), "Delete this software item?", "Delete {count} software items?"),
            tr("What is installed stays on the devices, and runs keep what they did."),
            ops.delete_items(self._context.client, items),
            then,
        )

    def _ask(self, items: Sequence[Object], action: TaskAction) -> None:
        if len(items) == 1:
            request = RunRequest(software_id=items[0]["id"], action=action)
        else:
            # What was installed last may need what was installed first.
            order = items if action is TaskAction.INSTALL else list(reversed(items))
            request = RunRequest(
                tasks=tuple(
                    TaskCreate(software_id=item["id"], action=action, name=str(item["name"]))
                    for item in order
                )
            )
        self._context.navigator.ask(RUN_DIALOG, request)
