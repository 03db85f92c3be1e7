"""The columns of the table of scripts, and the query language on the scripts that the window knows."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any

from backend_lite.contract.query import Node
from backend_lite.contract.script_query import SCRIPT_FIELDS, script_labels, script_values
from console.core import words
from console.core.formatting import NOTHING, Clock
from console.core.texts import tr
from console.features.library.folders import folders_of
from console.widgets.query_predicate import is_timed, query_predicate
from console.widgets.row_index import Predicate
from console.widgets.table_columns import Column, Kind, tags_column
from console.widgets.time_columns import updated_column

Object = dict[str, Any]
SEARCHED = ("name", "description", "folder", "tags")


def script_columns(clock: Clock, is_favorite: Callable[[int], bool]) -> list[Column]:
    return [
        Column(
            "favorite",
            tr("★"),
            lambda script: tr("Favorite") if is_favorite(script["id"]) else "",
            Kind.STAR,
            value=lambda script: is_favorite(script["id"]),
            width=40,
        ),
        Column("name", tr("Name"), lambda script: str(script["name"]), Kind.STRONG, width=220),
        Column("language", tr("Language"), lambda s: words.language_word(s["language"]), width=96),
        Column("system", tr("Runs on"), lambda s: words.system_word(s.get("target_os_type")), width=100),
        Column("folder", tr("Folder"), lambda s: s["folder"] or NOTHING, width=130, hidden=True),
        tags_column("tags", tr("Tags"), lambda s: s["tags"], width=130),
        updated_column(clock, width=110),
        Column("author", tr("By"), lambda s: s["author"] or NOTHING, width=90),
        Column(
            "revision",
            tr("Revision"),
            lambda s: str(s["revision"]),
            Kind.NUMBER,
            sort=lambda s: s["revision"],
            width=80,
        ),
        Column("parts", tr("Also"), parts_words, Kind.MUTED, width=110, hidden=True),
        Column(
            "description", tr("Description"), lambda s: s.get("description") or NOTHING, Kind.MUTED, width=260
        ),
    ]


def parts_words(script: Object) -> str:
    """What the script has besides its text."""
    titles = {"detect": tr("detect"), "undo": tr("undo"), "parameters": tr("parameters")}
    return ", ".join(title for part, title in titles.items() if script[part]) or NOTHING


def search_text(script: Object) -> str:
    return script_labels(script).lower()


def depends_on_time(node: Node) -> bool:
    """Whether a script may come to match, or match no longer, although nothing of it changes."""
    return is_timed(node, SCRIPT_FIELDS)


def script_predicate(node: Node, favorites: Container[int], clock: Clock) -> Predicate:
    """As the service answers."""
    return query_predicate(
        node, SCRIPT_FIELDS, lambda script, now_ms: script_values(script, favorites, now_ms), clock
    )


def known_words(scripts: Iterable[Object]) -> Mapping[str, Iterable[str]]:
    """What there is now, for completion."""
    every = list(scripts)
    return {
        "tag": sorted({tag for script in every for tag in script["tags"]}),
        "folder": sorted(folders_of(every).values()),
        "name": sorted(str(script["name"]) for script in every),
        "author": sorted({str(script["author"]) for script in every} - {""}),
    }
