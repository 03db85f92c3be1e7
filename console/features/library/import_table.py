"""The preview of an import as rows of a table."""

from __future__ import annotations

from typing import Any

from console.core import words
from console.core.formatting import NOTHING
from console.core.script_tree import ImportItem, ImportKind
from console.core.texts import tr
from console.widgets.filter_bar import Choice
from console.widgets.table_columns import Column, Kind, Pill, pill_column

Object = dict[str, Any]
"""`id` counts from 0, `item` is the ImportItem, `ticked` whether it is to be imported."""

_ORDER = (ImportKind.PROBLEM, ImportKind.CHANGED, ImportKind.NEW, ImportKind.SAME)
TICKABLE = (ImportKind.NEW, ImportKind.CHANGED)


def import_rows(items: list[ImportItem]) -> dict[int, Object]:
    return {n: {"id": n, "item": item, "ticked": item.kind in TICKABLE} for n, item in enumerate(items)}


def import_columns() -> list[Column]:
    return [
        Column(
            "ticked",
            tr("Import"),
            lambda row: tr("yes") if row["ticked"] else "",
            Kind.CHECK,
            value=lambda row: row["ticked"],
            width=60,
        ),
        Column("name", tr("Name"), name_of, Kind.STRONG, width=250),
        pill_column(
            "kind",
            tr("What"),
            lambda row: kind_pill(row["item"].kind),
            sort=lambda row: _ORDER.index(row["item"].kind),
            width=90,
        ),
        Column("folder", tr("Folder"), _folder, width=150),
        Column("language", tr("Language"), _language, width=90),
        Column("about", tr("Why"), about, Kind.MUTED, width=240),
    ]


def import_choices() -> list[Choice]:
    def of(kind: ImportKind, title: str) -> Choice:
        return Choice(kind.value, title, lambda row: row["item"].kind is kind)

    return [
        Choice("all", tr("All")),
        of(ImportKind.NEW, tr("New")),
        of(ImportKind.CHANGED, tr("Changed")),
        of(ImportKind.SAME, tr("Same")),
        of(ImportKind.PROBLEM, tr("Problems")),
    ]


def search_text(row: Object) -> str:
    return f"{name_of(row)} {row['item'].path} {_folder(row)} {about(row)}".lower()


def name_of(row: Object) -> str:
    item: ImportItem = row["item"]
    return item.script.name if item.script is not None else str(item.path)


def kind_pill(kind: ImportKind) -> Pill:
    tones = {
        ImportKind.NEW: Pill(tr("New"), "good"),
        ImportKind.CHANGED: Pill(tr("Changed"), "accent"),
        ImportKind.SAME: Pill(tr("Same"), "idle"),
        ImportKind.PROBLEM: Pill(tr("Problem"), "bad"),
    }
    return tones[kind]


def about(row: Object) -> str:
    """What is wrong, or what would change."""
    item: ImportItem = row["item"]
    if item.problem is not None:
        return str(item.problem)
    changes = ", ".join(change_word(name) for name in item.changes)
    return tr("Changes: {changes}", changes=changes) if changes else ""


def change_word(name: str) -> str:
    return {
        "name": tr("name"),
        "language": tr("language"),
        "content": tr("text"),
        "description": tr("description"),
        "target_os_type": tr("runs on"),
        "timeout_s": tr("time limit"),
        "idempotent": tr("may be repeated"),
        "folder": tr("folder"),
        "tags": tr("tags"),
        "parameters": tr("parameters"),
        "detect": tr("detect"),
        "undo": tr("undo"),
    }.get(name, name)


def _folder(row: Object) -> str:
    item: ImportItem = row["item"]
    return (item.script.folder if item.script is not None else "") or NOTHING


def _language(row: Object) -> str:
    item: ImportItem = row["item"]
    return words.language_word(item.script.language) if item.script is not None else NOTHING
