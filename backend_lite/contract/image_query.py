"""What a query (`contract.query`) can say about images: GET OS_IMAGES?q= and the window mean the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from backend_lite.contract.common import parse_time
from backend_lite.contract.library import TARGET_OS_TYPES, os_names
from backend_lite.contract.query_nodes import Field, FieldKind, Value, ValueOf

YES, NO = "yes", "no"

OS_IMAGE_FIELDS: tuple[Field, ...] = (
    Field("name", FieldKind.TEXT, "What it is called", aliases=("title",)),
    Field("version", FieldKind.TEXT, "The version of the system"),
    Field("edition", FieldKind.TEXT, "The edition of the system"),
    Field("os", FieldKind.LABEL, "The system", TARGET_OS_TYPES, ("system",)),
    Field("architecture", FieldKind.LABEL, "The processors it is for", aliases=("arch",)),
    Field("language", FieldKind.LABEL, "The language of the system", aliases=("lang",)),
    Field("verified", FieldKind.WORD, "Whether its file is here and was checked", (YES, NO)),
    Field("size", FieldKind.SIZE, "Size of its file"),
    Field("file", FieldKind.TEXT, "What its file is called"),
    Field("changed", FieldKind.AGE, "changed<7d is within the last 7 days", aliases=("updated",)),
    Field("created", FieldKind.AGE, "How long ago it was made", aliases=("added",)),
    Field("id", FieldKind.NUMBER, "Its own number"),
)
"""Words and phrases are searched in name, version, edition, description and where it lies."""

Plain = Mapping[str, Any]


def image_values(image: Plain, now_ms: int) -> ValueOf:
    """The values of an `OSImage` as JSON."""
    return lambda field: _VALUES[field](image, now_ms)


def image_labels(image: Plain) -> str:
    """What is searched for words."""
    keys = ("name", "version_text", "edition", "description", "storage_ref")
    return "\n".join(image[key] for key in keys if image[key])


def _age(key: str) -> Callable[[Plain, int], Value]:
    return lambda image, now_ms: (now_ms - round(parse_time(image[key]).timestamp() * 1000)) / 1000


def _text(key: str) -> Callable[[Plain, int], Value]:
    return lambda image, _now: image[key] or None


_VALUES: dict[str, Callable[[Plain, int], Value]] = {
    "": lambda image, _: image_labels(image),
    "name": _text("name"),
    "version": _text("version_text"),
    "edition": _text("edition"),
    "os": lambda image, _: os_names(image["os_type"]) if image["os_type"] else None,
    "architecture": _text("architecture"),
    "language": _text("language"),
    "verified": lambda image, _: YES if image["verified_at"] else NO,
    "size": lambda image, _: image["file_size"],
    "file": _text("file_name"),
    "changed": _age("updated_at"),
    "created": _age("created_at"),
    "id": _text("id"),
}
