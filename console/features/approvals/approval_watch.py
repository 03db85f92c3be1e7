"""Tells who asked that it was decided, and who may decide that somebody asks, whatever page is open."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from backend_lite.contract.approvals import ApprovalState
from backend_lite.contract.live import APPROVAL
from console.core.approval_words import APPROVALS_PAGE, is_waiting
from console.core.live import LiveBatch
from console.core.texts import plural, tr
from console.features.approvals.ops import RIGHT
from console.shell.context import Context
from console.shell.notices import Action

Object = dict[str, Any]


class ApprovalWatch:
    """Remembers what was told: each request and each decision is said once."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._waiting: dict[int, Object] = {}
        self.stop = context.live.subscribe(APPROVAL, self._take)

    def _take(self, batch: LiveBatch) -> None:
        known = self._context.live.kind(APPROVAL)
        waiting = {key: one for key, one in known.items() if is_waiting(one)}
        new = [one for key, one in waiting.items() if key not in self._waiting]
        decided = [known[key] for key in self._waiting.keys() - waiting.keys() if key in known]
        self._waiting = waiting
        for one in decided:
            self._tell_decision(one)
        others = [one for one in new if not self._is_mine(one)]
        if others and self._context.rights.may(RIGHT):
            self._tell_new(others)

    def _is_mine(self, approval: Object) -> bool:
        user = self._context.session.user
        return user is not None and bool(approval["requested_by"] == user.username)

    def _tell_new(self, asked: list[Object]) -> None:
        first = asked[0]
        text = plural(
            len(asked),
            "{who} asks for approval: “{title}” on {devices}.",
            "{count} rollouts wait for approval.",
            who=first["requested_by"],
            title=first["title"],
            devices=plural(first["device_count"], "one device", "{count} devices"),
        )
        target = str(first["id"]) if len(asked) == 1 else None
        self._context.notices.notice(text, "accent", Action(tr("Look at it"), partial(self._show, target)))

    def _tell_decision(self, approval: Object) -> None:
        if self._is_mine(approval) and approval["decided_by"] != approval["requested_by"]:
            text, tone = _decision(approval)
            show = Action(tr("Show"), partial(self._show, str(approval["id"])))
            self._context.notices.notice(text, tone, show)

    def _show(self, target: str | None) -> None:
        self._context.navigator.open(APPROVALS_PAGE, target)


def _decision(approval: Object) -> tuple[str, str]:
    """(sentence, tone) for who asked for it."""
    title, who, state = approval["title"], approval["decided_by"], approval["state"]
    if state == ApprovalState.APPROVED:
        return tr("{who} approved “{title}”: it goes on.", who=who, title=title), "good"
    if state == ApprovalState.EXPIRED:
        return tr("Nobody approved “{title}” in time: it does not start.", title=title), "warning"
    if state == ApprovalState.WITHDRAWN:
        return tr("{who} cancelled “{title}” before it was approved.", who=who, title=title), "warning"
    why = f" {approval['comment']}" if approval["comment"] else ""
    return tr("{who} refused “{title}”.", who=who, title=title) + why, "warning"


def watch_approvals(context: Context) -> Callable[[], None]:
    return ApprovalWatch(context).stop
