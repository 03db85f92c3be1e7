"""Deleting groups: asked once more, refused with who needs them, and undone on request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from PySide6.QtWidgets import QWidget

from backend_lite.contract.fleet import Group, GroupCreate
from console.core.errors import ApiError
from console.core.texts import plural, tr
from console.features.fleet import group_ops
from console.shell.context import Context
from console.shell.notices import Action
from console.widgets.confirm import ConfirmDialog, confirm

Object = dict[str, Any]
_NAMED = 3


def ask_group_removal(
    parent: QWidget,
    context: Context,
    groups: list[Object],
    refused: Callable[[ApiError], None],
    deleted: Callable[[], None] | None = None,
) -> ConfirmDialog:
    names = ", ".join(f"“{group['name']}”" for group in groups[:_NAMED])
    names += "…" if len(groups) > _NAMED else ""
    wanted = [msgspec.convert(group, Group) for group in groups]
    return confirm(
        parent,
        plural(len(groups), "Delete this group?", "Delete {count} groups?"),
        tr("{names}: only the group goes. Its devices stay, and so does what was run on them.", names=names),
        tr("Delete"),
        lambda: _delete(parent, context, wanted, refused, deleted),
    )


def _delete(
    parent: QWidget,
    context: Context,
    groups: list[Group],
    refused: Callable[[ApiError], None],
    deleted: Callable[[], None] | None,
) -> None:
    def done(gone: list[GroupCreate]) -> None:
        text = plural(
            len(gone), "The group “{name}” was deleted.", "{count} groups were deleted.", name=gone[0].name
        )
        context.notices.notice(text, "accent", Action(tr("Undo"), lambda: _make_again(context, gone)))
        if deleted is not None:
            deleted()

    context.ops.run(group_ops.delete(context.client, groups), on_success=done, on_error=refused, owner=parent)


def _make_again(context: Context, gone: list[GroupCreate]) -> None:
    def made(groups: list[Group]) -> None:
        context.notices.notice(
            plural(
                len(groups),
                "The group “{name}” is there again.",
                "{count} groups are there again.",
                name=groups[0].name,
            ),
            "good",
        )

    context.ops.run(group_ops.create_all(context.client, gone), on_success=made)
