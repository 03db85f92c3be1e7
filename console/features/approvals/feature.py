"""What approvals give to the window."""

from __future__ import annotations

from typing import Any

from backend_lite.contract.live import APPROVAL
from console.core.approval_words import is_waiting, state_word
from console.core.texts import tr
from console.features.approvals.approval_watch import watch_approvals
from console.features.approvals.approvals_page import ApprovalsPage
from console.shell.feature import Command, Feature, Match, NavEntry


def feature() -> Feature:
    return Feature(
        "approvals",
        navigation=[
            NavEntry(
                tr("Activity"),
                tr("Approvals"),
                ApprovalsPage.key,
                "shield",
                count_of=APPROVAL,
                counts=is_waiting,
            )
        ],
        pages={ApprovalsPage.key: ApprovalsPage},
        needs={ApprovalsPage.key: ("rollouts:view",)},
        commands=[
            Command(
                tr("Show what waits for approval"),
                lambda context: context.navigator.open(ApprovalsPage.key),
                "shield",
                "approve refuse second person four eyes held",
            )
        ],
        matches=[Match(APPROVAL, ApprovalsPage.key, "shield", _describe)],
        watches=[watch_approvals],
    )


def _describe(approval: dict[str, Any]) -> tuple[str, str]:
    word, _tone = state_word(approval["state"])
    about = tr("Approval · {state} · {who}", state=word, who=approval["requested_by"])
    return str(approval["title"]), about
