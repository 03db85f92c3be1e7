"""What is unsaved of a profile, kept over a crash."""

from __future__ import annotations

import msgspec

from console.core.drafts import Drafts
from console.core.plan_tasks import EditedPlan
from console.shell.context import Context


class PlanDraft(msgspec.Struct):
    """`edited` was begun on `base`, which was `version` of the profile (0: a new one)."""

    edited: EditedPlan
    base: EditedPlan
    version: int
    saved_at: str


def drafts_of(context: Context) -> Drafts[PlanDraft]:
    return context.drafts("profiles", PlanDraft)
