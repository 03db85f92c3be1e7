"""Removing something from devices that list it."""

from __future__ import annotations

from collections.abc import Iterable

from backend_lite.contract.live import SOFTWARE
from backend_lite.contract.runs import TaskAction
from console.core.installed import item_for
from console.core.run_request import RUN_DIALOG, RunRequest
from console.core.texts import tr
from console.shell.context import Context
from console.shell.notices import Action


def ask_uninstall(context: Context, title: str, device_ids: Iterable[int]) -> None:
    """With the item of the library that removes it; where there is none, that is said."""
    item = item_for(title, context.live.kind(SOFTWARE).values())
    if item is not None:
        devices = tuple(dict.fromkeys(device_ids))
        request = RunRequest(software_id=item["id"], action=TaskAction.UNINSTALL, device_ids=devices)
        context.navigator.ask(RUN_DIALOG, request)
        return
    context.notices.notice(
        tr(
            "No software item says how “{title}” is removed. Make one whose detection looks for this name.",
            title=title,
        ),
        "warning",
        Action(tr("New software item"), lambda: context.navigator.open("software-item", "new")),
    )
