"""Deleting things of the library: asked before, and who still needs them is said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtWidgets import QWidget

from console.core.ops import Op
from console.core.texts import plural, tr
from console.shell.context import Context
from console.widgets.confirm import ConfirmDialog, confirm
from console.widgets.report import Report

Object = dict[str, Any]
_NAMED = 3


def ask_delete(
    owner: QWidget,
    context: Context,
    items: Sequence[Object],
    title: str,
    text: str,
    op: Op[list[str]],
    then: Callable[[], object] = lambda: None,
) -> ConfirmDialog:
    """`op` answers with a sentence for each that stays; `then` follows when none does."""
    names = ", ".join(f"“{item['name']}”" for item in items[:_NAMED]) + ("…" if len(items) > _NAMED else "")

    def done(refused: list[str]) -> None:
        count = len(items) - len(refused)
        if count:
            context.notices.notice(plural(count, "{count} was deleted.", "{count} were deleted."))
        if not refused:
            then()
        else:
            head = plural(len(refused), "One was not deleted", "{count} were not deleted")
            Report(owner, head, tr("Here is why:"), refused).open()

    def go() -> None:
        context.ops.run(op, on_success=done, owner=owner)

    return confirm(owner, title, f"{names}. {text}", tr("Delete"), go)
