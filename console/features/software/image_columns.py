"""How the list of images looks, and the query language on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from backend_lite.contract.image_query import OS_IMAGE_FIELDS, image_labels, image_values
from backend_lite.contract.query import Node
from console.core import formatting, words
from console.core.formatting import NOTHING, Clock
from console.core.texts import tr
from console.widgets.query_predicate import query_predicate
from console.widgets.row_index import Predicate
from console.widgets.table_columns import Column, Kind, Pill, pill_column
from console.widgets.time_columns import updated_column

Object = dict[str, Any]


def image_columns(clock: Clock, profiles_of: Callable[[int], int]) -> list[Column]:
    """`profiles_of` tells how many profiles have an image."""
    return [
        Column("name", tr("Name"), lambda one: str(one["name"]), Kind.STRONG, width=190),
        Column("version", tr("Version"), lambda one: one["version_text"] or NOTHING, width=80),
        Column("edition", tr("Edition"), lambda one: one["edition"] or NOTHING, width=110),
        Column("system", tr("System"), _system, width=100),
        Column("architecture", tr("Architecture"), lambda one: one["architecture"] or NOTHING, width=96),
        Column("language", tr("Language"), lambda one: one["language"] or NOTHING, width=86, hidden=True),
        pill_column("file", tr("File"), file_state, width=140),
        Column(
            "size",
            tr("Size"),
            lambda one: formatting.size(one["file_size"]),
            Kind.NUMBER,
            sort=lambda one: one["file_size"] or 0,
            width=80,
        ),
        Column(
            "profiles",
            tr("Profiles"),
            lambda one: f"{profiles_of(one['id']):,}",
            Kind.NUMBER,
            sort=lambda one: profiles_of(one["id"]),
            width=80,
        ),
        updated_column(clock, width=120),
        Column(
            "place", tr("Where it lies"), lambda one: one["storage_ref"] or NOTHING, width=180, hidden=True
        ),
    ]


def file_state(image: Object) -> Pill | None:
    if image["verified_at"]:
        return Pill(tr("Verified"), "good")
    return Pill(tr("Elsewhere"), "idle") if image["storage_ref"] else Pill(tr("No file"), "warning")


def search_text(image: Object) -> str:
    return image_labels(image).lower()


def image_predicate(node: Node, clock: Clock) -> Predicate:
    """As the service answers."""
    return query_predicate(node, OS_IMAGE_FIELDS, image_values, clock)


def known_words(images: Iterable[Object]) -> Mapping[str, Iterable[str]]:
    """What there is now, for completion."""
    every = list(images)
    keys = {"name": "name", "edition": "edition", "architecture": "architecture", "language": "language"}
    return {field: sorted({str(one[key]) for one in every} - {""}) for field, key in keys.items()}


def _system(image: Object) -> str:
    return words.system_word(image["os_type"]) if image["os_type"] else NOTHING
