"""Starting work that the service may hold back: by a number that has to be typed, or for a second person."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from PySide6.QtWidgets import QWidget

from backend_lite.contract.runs import RolloutCreated
from backend_lite.contract.states import RolloutState
from console.core.approval_words import APPROVALS_PAGE
from console.core.errors import ApiError
from console.core.ops import Op
from console.core.run_ops import CONFIRM_NEEDED
from console.core.texts import tr
from console.shell.context import Context
from console.shell.notices import Action
from console.widgets.confirm import ConfirmDialog
from console.widgets.count_check import ANY, CountCheck

T = TypeVar("T")


def open_started(context: Context, made: RolloutCreated) -> None:
    """Shows what was started; of what is held it says so, and where that is decided."""
    if made.state is RolloutState.HELD:
        show = Action(tr("Show the approval"), partial(context.navigator.open, APPROVALS_PAGE))
        context.notices.notice(tr("“{title}” waits for a second person.", title=made.title), "warning", show)
    if len(made.run_ids) == 1 and made.state is not RolloutState.HELD:
        context.navigator.open("run", str(made.run_ids[0]))
    else:
        context.navigator.open("rollout", str(made.id))


def start_gated(
    context: Context,
    owner: QWidget,
    make: Callable[[int | None], Op[T]],
    then: Callable[[T], None],
    on_done: Callable[[], None] | None = None,
) -> None:
    """Runs `make(None)`, and `make(number)` with what a person types where the service asks for that."""

    def send(confirmed: int | None) -> None:
        context.ops.run(make(confirmed), on_success=then, on_error=refused, on_done=on_done, owner=owner)

    def refused(refusal: ApiError) -> None:
        if refusal.code == CONFIRM_NEEDED:
            ask_count(owner.window(), refusal.detail, send)
        else:
            context.notices.notice(refusal.detail, "bad")

    send(None)


def ask_count(parent: QWidget, sentence: str, then: Callable[[int], None], count: int = ANY) -> ConfirmDialog:
    """`then` is called with the number that was typed: `count`, or the one that `sentence` tells."""
    check = CountCheck()
    dialog = ConfirmDialog(
        parent, tr("On how many devices?"), sentence, {"yes": (tr("Run"), "primary")}, check
    )
    run = dialog.buttons["yes"]
    check.ask_for(count)
    check.changed.connect(lambda: run.setEnabled(not check.wrong()))
    run.setEnabled(False)
    dialog.accepted.connect(lambda: then(check.confirmed or 0))
    dialog.open()
    check.box.setFocus()
    return dialog
