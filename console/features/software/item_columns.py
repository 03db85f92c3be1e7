"""How the list of software looks, and the query language on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from backend_lite.contract.query import Node
from backend_lite.contract.software_query import SOFTWARE_FIELDS, software_labels, software_values, tags_of
from console.core import formatting, words
from console.core.formatting import NOTHING, Clock
from console.core.software_words import source_words
from console.core.texts import tr
from console.core.work import installer_word
from console.widgets.query_predicate import query_predicate
from console.widgets.row_index import Predicate
from console.widgets.table_columns import Column, Kind, tags_column
from console.widgets.time_columns import updated_column

Object = dict[str, Any]
SEARCHED = ("name", "slug", "description", "publisher", "tags")


def item_columns(clock: Clock) -> list[Column]:
    return [
        Column("name", tr("Name"), lambda item: str(item["name"]), Kind.STRONG, width=210),
        Column("version", tr("Version"), lambda item: item["version_text"] or NOTHING, width=90),
        Column("type", tr("Type"), installer_word, width=90),
        Column("system", tr("Runs on"), lambda item: words.system_word(item["target_os_type"]), width=110),
        Column("source", tr("Source"), source_words, width=190),
        Column(
            "size",
            tr("Size"),
            lambda item: formatting.size(item["file_size"]),
            Kind.NUMBER,
            sort=lambda item: item["file_size"] or 0,
            width=80,
        ),
        tags_column("tags", tr("Tags"), lambda item: tags_of(item["tags"]), width=130),
        updated_column(clock, width=120),
        Column(
            "publisher", tr("Publisher"), lambda item: item["publisher"] or NOTHING, width=130, hidden=True
        ),
        Column(
            "description",
            tr("Description"),
            lambda item: item["description"] or NOTHING,
            Kind.MUTED,
            width=240,
            hidden=True,
        ),
    ]


def search_text(item: Object) -> str:
    return software_labels(item).lower()


def item_predicate(node: Node, clock: Clock) -> Predicate:
    """As the service answers."""
    return query_predicate(node, SOFTWARE_FIELDS, software_values, clock)


def known_words(items: Iterable[Object]) -> Mapping[str, Iterable[str]]:
    """What there is now, for completion."""
    every = list(items)
    return {
        "name": sorted({str(item["name"]) for item in every}),
        "publisher": sorted({str(item["publisher"]) for item in every} - {""}),
        "tag": sorted({tag for item in every for tag in tags_of(item["tags"])}),
    }
