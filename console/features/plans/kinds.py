"""Profiles and templates in words: what differs between the two."""

from __future__ import annotations

from dataclasses import dataclass

from backend_lite.contract.live import PROFILE, TEMPLATE
from console.core.texts import tr

EDITOR = "profile"
"""The page of one of either kind; its target is an id or `new` of a kind."""

WRITES = ("profiles:edit", "profiles:create", "templates:edit", "templates:create")
"""The rights of which one is needed to save anything there; the service looks at what is saved."""


@dataclass(frozen=True)
class PlanKind:
    """`artifact` is how rights on it are written."""

    live: str
    artifact: str
    page_key: str
    icon: str
    new: str
    many: str
    one: str
    new_title: str
    hint: str
    nothing: str
    nothing_text: str
    no_match: str


def profile_kind() -> PlanKind:
    return PlanKind(
        live=PROFILE,
        artifact="profiles",
        page_key="profiles",
        icon="profile",
        new="new",
        many=tr("Profiles"),
        one=tr("Profile"),
        new_title=tr("New profile"),
        hint=tr("Filter profiles"),
        nothing=tr("No profiles yet"),
        nothing_text=tr(
            "A profile is what a device should have: scripts and software in their order. Make one, or begin "
            "with a template."
        ),
        no_match=tr("No profile matches"),
    )


def template_kind() -> PlanKind:
    return PlanKind(
        live=TEMPLATE,
        artifact="templates",
        page_key="templates",
        icon="template",
        new="new-template",
        many=tr("Templates"),
        one=tr("Template"),
        new_title=tr("New template"),
        hint=tr("Filter templates"),
        nothing=tr("No templates yet"),
        nothing_text=tr(
            "A template is what profiles are made from, each with its own name and values. Load the starter "
            "templates, or make one of your own."
        ),
        no_match=tr("No template matches"),
    )


def kind_of(*, is_template: bool) -> PlanKind:
    return template_kind() if is_template else profile_kind()
