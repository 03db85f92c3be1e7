"""Removing devices, which shuts their agents out for good: it is asked once more."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QCheckBox, QWidget

from console.core.texts import plural, tr
from console.features.fleet import ops
from console.features.fleet.columns import name
from console.shell.context import Context
from console.widgets.confirm import ConfirmDialog, confirm

Object = dict[str, Any]
_NAMED = 3


def ask_removal(parent: QWidget, context: Context, devices: list[Object]) -> ConfirmDialog:
    names = ", ".join(name(device) for device in devices[:_NAMED]) + ("…" if len(devices) > _NAMED else "")
    ids = [device["id"] for device in devices]

    def removed(count: int) -> None:
        context.notices.notice(plural(count, "The device was removed.", "{count} devices were removed."))

    uninstall = QCheckBox(plural(len(devices), "Also remove the agent", "Also remove the {count} agents"))
    uninstall.setToolTip(
        tr("The agent removes itself and its data as its last work: at once, or when the device comes back.")
    )
    return confirm(
        parent,
        plural(len(devices), "Remove this device?", "Remove {count} devices?"),
        tr(
            "{names}: the agent is shut out, and what waits there is cancelled. The history stays. To come "
            "back, it has to be added again.",
            names=names,
        ),
        tr("Remove"),
        lambda: _remove(context, ids, removed, uninstall=uninstall.isChecked()),
        option=uninstall,
    )


def _remove(context: Context, ids: list[int], removed: Any, *, uninstall: bool) -> None:
    context.ops.run(ops.retire(context.client, ids, uninstall=uninstall), on_success=removed)
