"""The help page of the settings, made from the declarations."""

from __future__ import annotations

from collections.abc import Iterator

from backend_lite.contract.settings import SettingType
from backend_lite.features.settings.declared import CUSTOM, DECLARED, GROUPS, Declared

_INTRODUCTION = """# Settings

Administration > Settings in the window, or `PUT /api/settings/{group}`. This page is made from the
declarations of the settings; a test checks that it is current.
"""


def help_text() -> str:
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield _INTRODUCTION
    for group in GROUPS:
        yield f"## {group.title}\n"
        yield f"{group.help}\n"
        if group.name == CUSTOM:
            continue
        for one in DECLARED:
            if one.group == group.name:
                yield f"**{one.title}** (`{one.name}`): {_facts(one)}\n"
                yield f"{one.help}\n"


def _facts(one: Declared) -> str:
    match one.type:
        case SettingType.NUMBER:
            kind = "a whole number" if one.is_whole else "a number"
            limits = f"{kind} from {one.least:g} to {one.most:.15g} {one.unit}".strip()
            return f"{limits}; at first {one.default}."
        case SettingType.BOOLEAN:
            return f"on or off; at first {'on' if one.default else 'off'}."
        case SettingType.CHOICE:
            return f"one of {', '.join(one.choices)}; at first {one.default}."
        case SettingType.SECRET:
            return "a secret, encrypted with the master key; at first not set."
        case SettingType.LIST:
            return f"a list of at most {one.most:g} texts; at first {one.default or 'empty'}."
        case SettingType.TEXT:
            return f"a text of at most {one.most:g} characters; at first {one.default or 'empty'}."
