"""Rows of a table as text for the clipboard and for files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from console.widgets.table_columns import Column, Object

_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def as_text(columns: Sequence[Column], objects: Iterable[Object]) -> str:
    """One line per object, cells separated by tabs."""
    return "\n".join("\t".join(_one_line(column.text(item)) for column in columns) for item in objects)


def as_csv(columns: Sequence[Column], objects: Iterable[Object]) -> str:
    """With a header. Cells that a spreadsheet would take for a formula begin with an apostrophe: names and
    tags come from devices, and must not compute anything on the administrator's PC."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([column.title for column in columns])
    writer.writerows([_harmless(column.text(item)) for column in columns] for item in objects)
    return buffer.getvalue()


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _harmless(text: str) -> str:
    if text.startswith(_FORMULA_SIGNS) and not _is_number(text):
        return f"'{text}"
    return text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
