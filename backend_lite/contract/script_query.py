"""What a query (`contract.query`) can say about scripts: GET SCRIPTS?q= and the window mean the same."""

from __future__ import annotations

from collections.abc import Container

from backend_lite.contract.library import TARGET_OS_TYPES, Language, os_names
from backend_lite.contract.query_fields import NO, YES, Plain, Read, age, plain, text, yes_or_no
from backend_lite.contract.query_nodes import Field, FieldKind, Value, ValueOf

ANY_SYSTEM = "any"
PARTS = ("detect", "undo", "parameters")

SCRIPT_FIELDS: tuple[Field, ...] = (
    Field("name", FieldKind.TEXT, "What it is called"),
    Field("language", FieldKind.WORD, "What it is written in", tuple(Language), ("lang",)),
    Field(
        "os",
        FieldKind.LABEL,
        "The system it is for; any: for all of them",
        (ANY_SYSTEM, *TARGET_OS_TYPES),
        ("system",),
    ),
    Field("folder", FieldKind.TEXT, "Where it lies in the library"),
    Field("tag", FieldKind.LABEL, "One of its tags", aliases=("tags",)),
    Field("favorite", FieldKind.WORD, "Whether it is one of yours", (YES, NO), ("fav",)),
    Field("author", FieldKind.TEXT, "Who made its newest revision", aliases=("by",)),
    Field("changed", FieldKind.AGE, "changed<7d is within the last 7 days", aliases=("updated",)),
    Field("created", FieldKind.AGE, "How long ago it was made", aliases=("added",)),
    Field("text", FieldKind.TEXT, "What it does: its texts themselves", aliases=("content",)),
    Field("has", FieldKind.WORD, "Parts that not every script has", PARTS),
    Field("repeatable", FieldKind.WORD, "Whether it may be repeated after a failure", (YES, NO)),
    Field("timeout", FieldKind.DURATION, "Its time limit", aliases=("limit",)),
    Field("revision", FieldKind.NUMBER, "The number of its newest revision"),
    Field("id", FieldKind.NUMBER, "Its own number"),
)
"""Words and phrases are searched in name, description, folder and tags."""


def script_values(script: Plain, favorites: Container[int], now_ms: int) -> ValueOf:
    """The values of a `Script` as JSON; `favorites` are the ids of who asks."""

    def value(field: str) -> Value:
        if field == "favorite":
            return yes_or_no(script["id"] in favorites)
        return _VALUES[field](script, now_ms)

    return value


def script_labels(script: Plain) -> str:
    """What is searched for words."""
    return "\n".join([script["name"], script["description"] or "", script["folder"], *script["tags"]])


def system_words(target_os_type: str | None) -> list[str]:
    """What `os` may be called."""
    return os_names(target_os_type) if target_os_type else [ANY_SYSTEM]


def _texts(script: Plain, _now: int) -> Value:
    return [part for part in (script["content"], script["detect"], script["undo"]) if part]


_VALUES: dict[str, Read] = {
    "": lambda script, _: script_labels(script),
    "name": plain("name"),
    "language": plain("language"),
    "os": lambda script, _: system_words(script["target_os_type"]),
    "folder": text("folder"),
    "tag": plain("tags"),
    "author": text("author"),
    "changed": age("updated_at"),
    "created": age("created_at"),
    "text": _texts,
    "has": lambda script, _: [part for part in PARTS if script[part]],
    "repeatable": lambda script, _: yes_or_no(script["idempotent"]),
    "timeout": lambda script, _: float(script["timeout_s"]),
    "revision": plain("revision"),
    "id": plain("id"),
}
