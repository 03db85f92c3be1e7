"""What profiles and templates give to the window."""

from __future__ import annotations

from typing import Any

from backend_lite.contract.live import PROFILE, TEMPLATE
from console.core import words
from console.core.plan_request import ASSIGN_DIALOG
from console.core.texts import plural, tr
from console.features.plans.assign_dialog import open_assign_dialog
from console.features.plans.kinds import EDITOR, profile_kind, template_kind
from console.features.plans.plans_page import ProfilesPage, TemplatesPage
from console.features.plans.profile_page import ProfilePage, drafts_of
from console.shell.context import Context
from console.shell.feature import Command, Feature, Match, NavEntry
from console.shell.page import Page


def feature() -> Feature:
    return Feature(
        "plans",
        navigation=[
            NavEntry(tr("Plans"), tr("Profiles"), ProfilesPage.key, "profile", count_of=PROFILE),
            NavEntry(tr("Plans"), tr("Templates"), TemplatesPage.key, "template", count_of=TEMPLATE),
        ],
        pages={
            ProfilesPage.key: ProfilesPage,
            ProfilePage.key: _editor,
            TemplatesPage.key: TemplatesPage,
        },
        needs={
            ProfilesPage.key: ("profiles:view",),
            ProfilePage.key: ("profiles:view", "templates:view"),
            TemplatesPage.key: ("templates:view",),
        },
        dialogs={ASSIGN_DIALOG: _assign},
        commands=[
            Command(
                profile_kind().new_title,
                lambda context: context.navigator.open(EDITOR, profile_kind().new),
                "plus",
                "create plan baseline desired state",
                needs=("profiles:create",),
            ),
            Command(
                template_kind().new_title,
                lambda context: context.navigator.open(EDITOR, template_kind().new),
                "plus",
                "create plan baseline",
                needs=("templates:create",),
            ),
        ],
        matches=[
            Match(PROFILE, EDITOR, "profile", _describe),
            Match(TEMPLATE, EDITOR, "template", _describe),
        ],
    )


def _editor(context: Context) -> Page:
    return ProfilePage(context, drafts_of(context))


def _assign(context: Context, request: Any) -> None:
    open_assign_dialog(context, request)


def _describe(plan: dict[str, Any]) -> tuple[str, str]:
    tasks = plural(plan["task_count"], "{count} task", "{count} tasks")
    kind = tr("Template") if plan["is_template"] else tr("Profile")
    return str(plan["name"]), f"{kind} · {words.system_word(plan.get('target_os_type'))} · {tasks}"
