"""Approving, refusing and withdrawing: who may, each after a question, with a comment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from PySide6.QtWidgets import QLineEdit, QWidget

from backend_lite.contract.approvals import Approval
from console.core.approval_words import is_waiting
from console.core.errors import ApiError
from console.core.ops import Op
from console.core.texts import plural, tr
from console.features.approvals import ops
from console.shell.context import Context
from console.widgets.confirm import ConfirmDialog, confirm
from console.widgets.form import Field

Object = dict[str, Any]
Decide = Callable[[str], Op[Approval]]


class Decisions:
    """`decided(approval)` gets what the service answered, `refused(refusal)` why it did not."""

    def __init__(
        self,
        context: Context,
        page: QWidget,
        decided: Callable[[Object], None],
        refused: Callable[[ApiError], None],
    ) -> None:
        self._context, self._page = context, page
        self._decided, self._refused = decided, refused

    def is_mine(self, approval: Object) -> bool:
        user = self._context.session.user
        return user is not None and bool(approval["requested_by"] == user.username)

    def may_withdraw(self, approval: Object) -> bool:
        return is_waiting(approval) and self.is_mine(approval)

    def sees_texts(self, approval: Object) -> bool:
        return self.is_mine(approval) or self._may_approve

    def obstacle(self, approval: Object) -> str:
        """Why this person cannot decide it; empty where they can."""
        if not is_waiting(approval):
            return tr("It is decided.")
        if self.is_mine(approval):
            return tr("You asked for this yourself: somebody else has to agree. You can withdraw it.")
        if not self._may_approve:
            return tr("You may not approve rollouts: no role of yours gives that right.")
        return ""

    def ask_approve(self, one: Object) -> ConfirmDialog | None:
        if self.obstacle(one):
            return None
        devices = plural(one["device_count"], "one device", "{count} devices")
        return self._ask(
            one,
            tr("Let “{title}” start on {devices}?", title=one["title"], devices=devices),
            tr("It starts as it stands here, as soon as its own times allow."),
            tr("Approve"),
            lambda comment: ops.approve(self._context.client, one["id"], comment),
            tr("“{title}” was approved.", title=one["title"]),
            "primary",
        )

    def ask_refuse(self, one: Object) -> ConfirmDialog | None:
        """An own one is withdrawn instead."""
        if self.may_withdraw(one):
            return self.ask_withdraw(one)
        if self.obstacle(one):
            return None
        text = tr(
            "Nothing of it starts, and it cannot be approved later: {who} would have to ask anew.",
            who=one["requested_by"],
        )
        return self._ask(
            one,
            tr("Refuse “{title}”?", title=one["title"]),
            text,
            tr("Refuse"),
            lambda comment: ops.refuse(self._context.client, one["id"], comment),
            tr("“{title}” was refused.", title=one["title"]),
        )

    def ask_withdraw(self, one: Object) -> ConfirmDialog | None:
        if not self.may_withdraw(one):
            return None
        return self._ask(
            one,
            tr("Withdraw “{title}”?", title=one["title"]),
            tr("Nothing of it starts. To run it later, ask anew."),
            tr("Withdraw"),
            lambda comment: ops.withdraw(self._context.client, one["id"], comment),
            tr("“{title}” was withdrawn.", title=one["title"]),
        )

    # ---- inside

    @property
    def _may_approve(self) -> bool:
        return self._context.rights.may(ops.RIGHT)

    def _ask(
        self, one: Object, title: str, text: str, action: str, decide: Decide, done: str, role: str = "danger"
    ) -> ConfirmDialog:
        comment = QLineEdit()
        hint = tr("It stays in the audit.")
        if not self.is_mine(one):
            hint = tr("{who} reads it, and it stays in the audit.", who=one["requested_by"])
        field = Field(tr("Comment"), comment, hint)

        def go_on() -> None:
            self._decide(decide(comment.text().strip()), done)

        return confirm(self._page, title, text, action, go_on, role=role, option=field)

    def _decide(self, op: Op[Approval], done: str) -> None:
        def answered(approval: Approval) -> None:
            self._decided(msgspec.to_builtins(approval))
            self._context.notices.notice(done, "good")

        self._context.ops.run(op, on_success=answered, on_error=self._refused, owner=self._page)
