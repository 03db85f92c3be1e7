"""What a query (`contract.query`) can say about profiles and templates: GET PROFILES?q=, GET TEMPLATES?q= and
the window's boxes mean the same."""

from __future__ import annotations

from backend_lite.contract.library import TARGET_OS_TYPES, os_names
from backend_lite.contract.query_fields import NO, YES, Plain, Read, age, plain, yes_or_no
from backend_lite.contract.query_nodes import Field, FieldKind, ValueOf

PROFILE_FIELDS: tuple[Field, ...] = (
    Field("name", FieldKind.TEXT, "Name", aliases=("title",)),
    Field("description", FieldKind.TEXT, "Description"),
    Field("os", FieldKind.LABEL, "Operating system that it is for", TARGET_OS_TYPES, ("system",)),
    Field("tasks", FieldKind.NUMBER, "Number of tasks"),
    Field("revision", FieldKind.NUMBER, "Number of the revision"),
    Field("template", FieldKind.WORD, "Whether it is a template", (YES, NO)),
    Field("updated", FieldKind.AGE, "When it was changed last: updated<1d is less than a day ago"),
    Field("created", FieldKind.AGE, "When it was made"),
    Field("id", FieldKind.NUMBER, "Number of the profile"),
)
"""Words are searched in name and description."""


def profile_values(profile: Plain, now_ms: int) -> ValueOf:
    """The values of a `Profile` as JSON."""
    return lambda field: _VALUES[field](profile, now_ms)


_VALUES: dict[str, Read] = {
    "": lambda profile, _now: "\n".join(filter(None, (profile["name"], profile["description"]))),
    "name": plain("name"),
    "description": plain("description"),
    "os": lambda profile, _now: os_names(profile["target_os_type"]) if profile["target_os_type"] else None,
    "tasks": plain("task_count"),
    "revision": plain("revision"),
    "template": lambda profile, _now: yes_or_no(profile["is_template"]),
    "updated": age("updated_at"),
    "created": age("created_at"),
    "id": plain("id"),
}
