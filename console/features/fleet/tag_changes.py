"""Putting tags on devices and taking them off; it can be undone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtWidgets import QWidget

from backend_lite.contract.fleet import TagsChange
from backend_lite.contract.live import DEVICE
from console.core.errors import ApiError
from console.core.texts import plural, tr
from console.features.fleet import ops
from console.features.fleet.tag_dialog import TagDialog
from console.features.fleet.tag_words import counted
from console.shell.context import Context
from console.shell.notices import Action

Object = dict[str, Any]
AT_ONCE = 2000
"""Devices in one step of the service."""


def ask_tags(page: QWidget, context: Context, devices: Sequence[Object]) -> TagDialog:
    known = counted(device["tags"] for device in context.live.kind(DEVICE).values())
    dialog = TagDialog(page, [device["tags"] for device in devices], known)
    dialog.chosen.connect(lambda add, remove: _change(page, context, devices, add, remove))
    dialog.open()
    return dialog


def undoing(devices: Sequence[Object], add: Sequence[str], remove: Sequence[str]) -> list[TagsChange]:
    """What gives the devices the tags that they have now again, after that change."""
    alike: dict[tuple[tuple[str, ...], tuple[str, ...]], list[int]] = {}
    for device in devices:
        lost = tuple(tag for tag in remove if tag in device["tags"])
        got = tuple(tag for tag in add if tag not in device["tags"])
        if lost or got:
            alike.setdefault((lost, got), []).append(device["id"])
    return [
        TagsChange(part, list(lost), list(got)) for (lost, got), ids in alike.items() for part in _parts(ids)
    ]


def _change(
    page: QWidget, context: Context, devices: Sequence[Object], add: list[str], remove: list[str]
) -> None:
    back = undoing(devices, add, remove)
    changes = [TagsChange(part, add, remove) for part in _parts([device["id"] for device in devices])]

    def changed(ids: list[int]) -> None:
        undo = Action(tr("Undo"), lambda: _run(page, context, back, lambda _ids: None))
        said = plural(len(ids), "{count} device has other tags now.", "{count} devices have other tags now.")
        context.notices.notice(said, "accent", undo if ids else None)

    _run(page, context, changes, changed)


def _run(page: QWidget, context: Context, changes: list[TagsChange], then: Any) -> None:
    def refused(refusal: ApiError) -> None:
        context.notices.notice(refusal.detail, "bad")

    op = ops.change_tags(context.client, changes)
    context.ops.run(op, on_success=then, on_error=refused, owner=page)


def _parts(ids: list[int]) -> list[list[int]]:
    return [ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE)]
