"""Tables as text: read with the place of every cell, written so that no cell is taken for a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

_SEPARATORS = ",;\t"
_BOM = "\ufeff"
_QUOTED = re.compile(r'"((?:[^"]|"")*+)"')
_FORMULA = re.compile(r"[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


class Cell(NamedTuple):
    """`line` and `column` (of its first character) count from 1."""

    text: str
    line: int
    column: int


class CsvError(ValueError):
    """The text is no table from this place on."""

    def __init__(self, line: int, column: int, text: str) -> None:
        super().__init__(text)
        self.line = line
        self.column = column
        self.text = text


def read_rows(text: str) -> Iterator[list[Cell]]:
    """The rows of a table that are not blank; the separator is the one that its first line has most of.

    Raises CsvError.
    """
    text = text.removeprefix(_BOM)
    for row in _rows(text, _separator(text)):
        if any(cell.text and not cell.text.isspace() for cell in row):
            yield row


def write_rows(rows: Iterable[Sequence[str]]) -> str:
    """With the mark by which spreadsheets know UTF-8."""
    out = io.StringIO(newline="")
    out.write(_BOM)
    csv.writer(out, lineterminator="\r\n").writerows([[_guarded(cell) for cell in row] for row in rows])
    return out.getvalue()


def _separator(text: str) -> str:
    first = re.sub(r'"[^"]*"', "", re.split(r"[\r\n]", text, maxsplit=1)[0])
    return max(_SEPARATORS, key=first.count)


def _rows(text: str, separator: str) -> Iterator[list[Cell]]:
    plain = re.compile(rf"[^{separator}\r\n]*")
    at, line, start, size = 0, 1, 0, len(text)
    row: list[Cell] = []
    while at < size or row:
        column = at - start + 1
        if text.startswith('"', at):
            match = _QUOTED.match(text, at)
            if match is None:
                raise CsvError(line, column, "The quote that opens here is never closed.")
            row.append(Cell(_bare(match[1].replace('""', '"')), line, column))
            if breaks := match[0].count("\n"):
                line, start = line + breaks, at + match[0].rindex("\n") + 1
            at = match.end()
            if at < size and text[at] not in separator + "\r\n":
                raise CsvError(line, at - start + 1, "After a closing quote comes the next cell or line.")
        else:
            found = plain.match(text, at)
            value = found[0] if found else ""
            row.append(Cell(_bare(value), line, column))
            at += len(value)
        if at < size and text[at] == separator:
            at += 1
            continue
        yield row
        row = []
        at += 2 if text.startswith("\r\n", at) else 1
        line, start = line + 1, at


def _guarded(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) or _GUARDED.match(text) else text


def _bare(text: str) -> str:
    return text[1:] if _GUARDED.match(text) else text
