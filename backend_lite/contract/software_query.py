"""What a query (`contract.query`) can say about software: GET SOFTWARE?q= and the window mean the same."""

from __future__ import annotations

from backend_lite.contract.library import TARGET_OS_TYPES, os_names
from backend_lite.contract.query_fields import NO, YES, Plain, Read, age, text, yes_or_no
from backend_lite.contract.query_nodes import Field, FieldKind, ValueOf
from backend_lite.contract.software import DetectionType, InstallerType, SourceType

SOFTWARE_FIELDS: tuple[Field, ...] = (
    Field("name", FieldKind.TEXT, "What it is called", aliases=("title",)),
    Field("version", FieldKind.TEXT, "The version that it installs"),
    Field("publisher", FieldKind.TEXT, "Who makes it", aliases=("vendor",)),
    Field("type", FieldKind.WORD, "How it is installed", tuple(InstallerType), ("installer",)),
    Field("source", FieldKind.WORD, "Where its file comes from", tuple(SourceType)),
    Field("os", FieldKind.LABEL, "The system it is for", TARGET_OS_TYPES, ("system",)),
    Field("tag", FieldKind.LABEL, "One of its tags", aliases=("tags",)),
    Field("detects", FieldKind.WORD, "Whether devices can tell that it is there", (YES, NO)),
    Field("size", FieldKind.SIZE, "Size of its file"),
    Field("file", FieldKind.TEXT, "What its file is called"),
    Field("changed", FieldKind.AGE, "changed<7d is within the last 7 days", aliases=("updated",)),
    Field("created", FieldKind.AGE, "How long ago it was made", aliases=("added",)),
    Field("id", FieldKind.NUMBER, "Its own number"),
)
"""Words and phrases are searched in name, slug, description, publisher and tags."""


def software_values(item: Plain, now_ms: int) -> ValueOf:
    """The values of a `SoftwareItem` as JSON."""
    return lambda field: _VALUES[field](item, now_ms)


def tags_of(listed: str) -> list[str]:
    """The tags in a text with commas."""
    return [tag for part in listed.split(",") if (tag := part.strip())]


def software_labels(item: Plain) -> str:
    """What is searched for words."""
    labels = (item["name"], item["slug"], item["description"], item["publisher"], item["tags"])
    return "\n".join(label for label in labels if label)


_VALUES: dict[str, Read] = {
    "": lambda item, _: software_labels(item),
    "name": text("name"),
    "version": text("version_text"),
    "publisher": text("publisher"),
    "type": text("installer_type"),
    "source": text("source_type"),
    "os": lambda item, _: os_names(item["target_os_type"]) if item["target_os_type"] else None,
    "tag": lambda item, _: tags_of(item["tags"]),
    "detects": lambda item, _: yes_or_no(item["detection"]["type"] != DetectionType.NONE),
    "size": lambda item, _: item["file_size"],
    "file": text("file_name"),
    "changed": age("updated_at"),
    "created": age("created_at"),
    "id": text("id"),
}
