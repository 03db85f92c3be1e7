"""Rollouts that wait for a second person, in words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from backend_lite.contract.approvals import ApprovalState
from console.core import formatting
from console.core.texts import tr

Object = dict[str, Any]
APPROVALS_PAGE = "approvals"

_STATES = {
    ApprovalState.WAITING: ("Waiting", "warning"),
    ApprovalState.APPROVED: ("Approved", "good"),
    ApprovalState.REFUSED: ("Refused", "bad"),
    ApprovalState.WITHDRAWN: ("Withdrawn", "idle"),
    ApprovalState.EXPIRED: ("Expired", "idle"),
}


def state_word(state: str) -> tuple[str, str]:
    """(word, tone) of an approval's state."""
    word, tone = _STATES[ApprovalState(state)]
    return tr(word), tone


def is_waiting(approval: Object) -> bool:
    return bool(approval["state"] == ApprovalState.WAITING)


def newest_of(approvals: Iterable[Object], rollout_id: int) -> Object | None:
    """The one that was asked for that rollout last."""
    mine = [one for one in approvals if one["rollout_id"] == rollout_id]
    return max(mine, key=lambda one: int(one["id"]), default=None)


def sentence(approval: Object, now: datetime) -> str:
    """What it waits for, or what became of it."""
    if is_waiting(approval):
        until = formatting.local_time(approval["expires_at"], now)
        return tr(
            "Asked for by {who}. Nothing starts before a second person agrees, until {until}.",
            who=approval["requested_by"],
            until=until,
        )
    return _decision(approval, now)


def _decision(approval: Object, now: datetime) -> str:
    state, who = approval["state"], approval["decided_by"]
    when = formatting.local_time(approval["decided_at"], now)
    if state == ApprovalState.EXPIRED:
        return tr("Nobody agreed in time: it expired {when} and nothing of it started.", when=when)
    said = {
        ApprovalState.APPROVED: tr("Approved by {who}, {when}", who=who, when=when),
        ApprovalState.REFUSED: tr("Refused by {who}, {when}", who=who, when=when),
        ApprovalState.WITHDRAWN: tr("Withdrawn by {who}, {when}", who=who, when=when),
    }[ApprovalState(state)]
    comment = approval["comment"]
    return tr("{said}: {comment}", said=said, comment=comment) if comment else f"{said}."
