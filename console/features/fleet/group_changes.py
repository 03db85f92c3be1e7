"""Devices come into a group or leave it, wherever that is asked for; it can be undone."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from backend_lite.contract.fleet import Group, GroupCreate
from console.core.errors import ApiError
from console.core.texts import plural, tr
from console.features.fleet import group_ops
from console.features.fleet.group_ops import Moved
from console.shell.context import Context
from console.shell.notices import Action

Then = Callable[[Moved], None]


def change_members(
    page: QWidget,
    context: Context,
    group_id: int,
    add: list[int],
    remove: list[int],
    then: Then | None = None,
    refused: Callable[[ApiError], None] | None = None,
) -> None:
    """`then` follows the change, and its being undone."""

    def changed(moved: Moved) -> None:
        if then is not None:
            then(moved)
        action = Action(tr("Undo"), lambda: _undo(page, context, moved, then))
        context.notices.notice(_said(moved), "accent", action if moved.added or moved.removed else None)

    op = group_ops.change_members(context.client, group_id, add, remove)
    context.ops.run(op, on_success=changed, on_error=refused, owner=page)


def make_group(page: QWidget, context: Context, name: str, device_ids: list[int]) -> None:
    """With these devices."""

    def made(group: Group) -> None:
        text = tr("The group “{name}” was made.", name=group.name)
        show = Action(tr("Show it"), lambda: context.navigator.open("group", str(group.id)))
        context.notices.notice(text, "good", show)

    op = group_ops.create(context.client, GroupCreate(name, devices=device_ids))
    context.ops.run(op, on_success=made, owner=page)


def _undo(page: QWidget, context: Context, moved: Moved, then: Then | None) -> None:
    def undone(back: Moved) -> None:
        if then is not None:
            then(back)
        context.notices.notice(_said(back), "accent")

    op = group_ops.change_members(context.client, moved.group.id, moved.removed, moved.added)
    context.ops.run(op, on_success=undone, owner=page)


def _said(moved: Moved) -> str:
    name = moved.group.name
    if moved.added:
        return plural(
            len(moved.added),
            "{count} device is now in “{name}”.",
            "{count} devices are now in “{name}”.",
            name=name,
        )
    if moved.removed:
        return plural(
            len(moved.removed), "{count} device left “{name}”.", "{count} devices left “{name}”.", name=name
        )
    return tr("Nothing changed in “{name}”.", name=name)
