"""What a query (`contract.query`) can say about images: GET OS_IMAGES?q= and the window mean the same."""

from __future__ import annotations

from backend_lite.contract.library import TARGET_OS_TYPES, os_names
from backend_lite.contract.query_fields import NO, YES, Plain, Read, age, text, yes_or_no
from backend_lite.contract.query_nodes import Field, FieldKind, ValueOf

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


def image_values(image: Plain, now_ms: int) -> ValueOf:
    """The values of an `OSImage` as JSON."""
    return lambda field: _VALUES[field](image, now_ms)


def image_labels(image: Plain) -> str:
    """What is searched for words."""
    keys = ("name", "version_text", "edition", "description", "storage_ref")
    return "\n".join(image[key] for key in keys if image[key])


_VALUES: dict[str, Read] = {
    "": lambda image, _: image_labels(image),
    "name": text("name"),
    "version": text("version_text"),
    "edition": text("edition"),
    "os": lambda image, _: os_names(image["os_type"]) if image["os_type"] else None,
    "architecture": text("architecture"),
    "language": text("language"),
    "verified": lambda image, _: yes_or_no(bool(image["verified_at"])),
    "size": lambda image, _: image["file_size"],
    "file": text("file_name"),
    "changed": age("updated_at"),
    "created": age("created_at"),
    "id": text("id"),
}
