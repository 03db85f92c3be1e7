"""What a query (`contract.query`) can say about profiles and templates: GET PROFILES?q=, GET TEMPLATES?q= and
the window's boxes mean the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from backend_lite.contract.common import parse_time
from backend_lite.contract.library import TARGET_OS_TYPES, os_names
from backend_lite.contract.query_nodes import Field, FieldKind, Value, ValueOf

PROFILE_FIELDS: tuple[Field, ...] = (
    Field("name", FieldKind.TEXT, "Name", aliases=("title",)),
    Field("description", FieldKind.TEXT, "Description"),
    Field("os", FieldKind.LABEL, "Operating system that it is for", TARGET_OS_TYPES, ("system",)),
    Field("tasks", FieldKind.NUMBER, "Number of tasks"),
    Field("revision", FieldKind.NUMBER, "Number of the revision"),
    Field("template", FieldKind.WORD, "Whether it is a template", ("yes", "no")),
    Field("updated", FieldKind.AGE, "When it was changed last: updated<1d is less than a day ago"),
    Field("created", FieldKind.AGE, "When it was made"),
    Field("id", FieldKind.NUMBER, "Number of the profile"),
)
"""Words are searched in name and description."""


def profile_values(profile: Mapping[str, Any], now_ms: int) -> ValueOf:
    """The values of a `Profile` as JSON."""
    return lambda field: _VALUES[field](profile, now_ms)


def _age(key: str) -> Callable[[Mapping[str, Any], int], Value]:
    return lambda profile, now_ms: now_ms / 1000 - parse_time(profile[key]).timestamp()


def _plain(key: str) -> Callable[[Mapping[str, Any], int], Value]:
    return lambda profile, _now: profile[key]


_VALUES: dict[str, Callable[[Mapping[str, Any], int], Value]] = {
    "": lambda profile, _now: "\n".join(filter(None, (profile["name"], profile["description"]))),
    "name": _plain("name"),
    "description": _plain("description"),
    "os": lambda profile, _now: os_names(profile["target_os_type"]) if profile["target_os_type"] else None,
    "tasks": _plain("task_count"),
    "revision": _plain("revision"),
    "template": lambda profile, _now: "yes" if profile["is_template"] else "no",
    "updated": _age("updated_at"),
    "created": _age("created_at"),
    "id": _plain("id"),
}
