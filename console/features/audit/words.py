"""The audit in words: kinds, objects, and values of fields."""

from __future__ import annotations

import json
from typing import Any

from backend_lite.contract.audit import ActionType
from console.core.formatting import NOTHING
from console.core.texts import tr
from console.widgets.table_columns import Pill

LONG = 60
"""Texts that are longer, or have several lines, are compared line by line."""
OBJECT_PAGES = {
    "device": "device",
    "script": "script",
    "rollout": "rollout",
    "run": "run",
    "profile": "profile",
    "template": "profile",
    "group": "group",
    "approval": "approvals",
}
"""The page that shows an object of that type."""


def kinds() -> dict[str, str]:
    """What can be asked for, by `action_type`."""
    return {
        "": tr("Every kind"),
        ActionType.CREATE: tr("Made"),
        ActionType.UPDATE: tr("Changed"),
        ActionType.DELETE: tr("Deleted"),
        ActionType.RUN: tr("Work on devices"),
        ActionType.APPROVE: tr("Approved"),
        ActionType.SIGN_IN: tr("Sign-in"),
        ActionType.SIGN_OUT: tr("Sign-out"),
        ActionType.DENIED: tr("Refused"),
        ActionType.EXPORT: tr("Exported"),
        ActionType.SYSTEM: tr("Service"),
    }


def objects() -> dict[str, str]:
    """What can be asked for, by `entity_type`."""
    return {
        "": tr("Every object"),
        "device": tr("Devices"),
        "group": tr("Groups"),
        "script": tr("Scripts"),
        "software": tr("Software"),
        "os_image": tr("OS images"),
        "profile": tr("Profiles"),
        "rollout": tr("Rollouts"),
        "approval": tr("Approvals"),
        "pause": tr("Pauses"),
        "enrollment_token": tr("Enrollment tokens"),
        "user": tr("Users"),
        "role": tr("Roles"),
        "token": tr("API tokens"),
        "backup": tr("Backups"),
    }


_TONES = {
    ActionType.DELETE: "bad",
    ActionType.DENIED: "warning",
    ActionType.CREATE: "good",
    ActionType.RUN: "accent",
    ActionType.APPROVE: "good",
}


def kind_pill(action_type: str) -> Pill:
    return Pill(kinds().get(action_type, action_type), _TONES.get(ActionType(action_type), "idle"))


def object_word(entity_type: str) -> str:
    return entity_type.replace("_", " ").capitalize()


def field_word(name: str) -> str:
    return name.replace("_", " ").capitalize()


def value_text(value: Any) -> str:
    """As a person reads it; several lines where the value has parts."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(one, str | int | float) for one in value):
        return ", ".join(map(str, value)) or NOTHING
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, indent=2)
    return str(value)
