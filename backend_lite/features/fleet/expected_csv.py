"""Expected devices as a table: every line checked, every problem with its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from backend_lite.contract.fleet import CsvProblem
from backend_lite.core.csv_text import Cell, CsvError, read_rows
from backend_lite.core.names import name_key
from backend_lite.errors import InvalidError
from backend_lite.features.fleet.editing import checked_tags
from backend_lite.features.fleet.expected_rules import Identity, checked_note, identity_of

T = TypeVar("T")

HEADS = ("hostname", "serial", "tags", "groups", "note")
MAX_ROWS = 100_000
MAX_PROBLEMS = 500
PARTS = ";"
"""Between tags, and between groups."""

_HEAD = ", ".join(HEADS)
_OTHER_HEADS = {
    "name": "hostname",
    "host": "hostname",
    "host name": "hostname",
    "serial number": "serial",
    "serialnumber": "serial",
    "serial_number": "serial",
    "tag": "tags",
    "group": "groups",
    "notes": "note",
    "comment": "note",
}


@dataclass(frozen=True, slots=True)
class KnownGroup:
    """`named` is false for one that finds its devices by a query."""

    id: int
    name: str
    named: bool


@dataclass(frozen=True, slots=True)
class ExpectedLine:
    """One device of the table, checked."""

    identity: Identity
    tags: list[str]
    groups: list[int]
    note: str


@dataclass
class Reading:
    """With problems, `lines` are those that have none."""

    lines: list[ExpectedLine] = field(default_factory=list)
    problems: list[CsvProblem] = field(default_factory=list)

    def told(self) -> list[CsvProblem]:
        """The problems, in their order, no more than a person wants to read."""
        found = sorted(self.problems, key=lambda one: (one.line, one.column))
        more = len(found) - MAX_PROBLEMS
        if more <= 0:
            return found
        last = found[MAX_PROBLEMS]
        return [*found[:MAX_PROBLEMS], CsvProblem(last.line, last.column, f"From here on: {more} more.")]


def read_expected(text: str, groups: Mapping[str, KnownGroup]) -> Reading:
    """`groups` by the key of their name."""
    reader = _Reader(groups)
    try:
        for row in read_rows(text):
            if not reader.take(row):
                break
    except CsvError as error:
        reader.reading.problems.append(CsvProblem(error.line, error.column, error.text))
    if not reader.heads and not reader.reading.problems:
        reader.reading.problems.append(CsvProblem(1, 1, f"The table is empty. Its first line is: {_HEAD}."))
    return reader.reading


class _Reader:
    def __init__(self, groups: Mapping[str, KnownGroup]) -> None:
        self.reading = Reading()
        self.heads: list[str] = []
        self._groups = groups
        self._lines: dict[tuple[str, str], int] = {}

    def take(self, row: list[Cell]) -> bool:
        """False when it is no use to go on."""
        if not self.heads:
            self._read_heads(row)
            return not self.reading.problems
        if len(self._lines) >= MAX_ROWS:
            self._problem(row[0], f"The table is too long: {MAX_ROWS} devices at most. Import it in parts.")
            return False
        self._read_line(row)
        return True

    def _read_heads(self, row: list[Cell]) -> None:
        for cell in row:
            name = " ".join(cell.text.casefold().split())
            head = _OTHER_HEADS.get(name, name)
            if head and head not in HEADS:
                self._problem(cell, f'"{cell.text.strip()[:60]}" is no column: there are {_HEAD}.')
            elif head and head in self.heads:
                self._problem(cell, f"There are two columns {head}.")
            self.heads.append(head)
        if not {"hostname", "serial"} & set(self.heads) and not self.reading.problems:
            self._problem(row[0], f"The first line names the columns: {_HEAD}; serial or hostname is needed.")

    def _read_line(self, row: list[Cell]) -> None:
        before = len(self.reading.problems)
        cells = dict(zip(self.heads, row, strict=False))
        for cell in row[len(self.heads) :]:
            if cell.text.strip():
                self._problem(cell, "There are more cells than columns: put quotes around the text.")
        identity = self._identity(row, cells)
        tags = self._part(cells.get("tags"), lambda text: checked_tags(text.split(PARTS))) or []
        note = self._part(cells.get("note"), checked_note) or ""
        groups = self._group_ids(cells.get("groups"))
        if identity is None or not self._is_first(row[0], identity):
            return
        if len(self.reading.problems) == before:
            self.reading.lines.append(ExpectedLine(identity, tags, groups, note))

    def _identity(self, row: list[Cell], cells: Mapping[str, Cell]) -> Identity | None:
        serial, hostname = cells.get("serial"), cells.get("hostname")
        try:
            return identity_of(hostname.text if hostname else "", serial.text if serial else "")
        except InvalidError as error:
            at = hostname if hostname and ("host name" in error.detail or not serial) else serial
            self._problem(at or row[0], error.detail)
            return None

    def _is_first(self, cell: Cell, identity: Identity) -> bool:
        first = self._lines.setdefault(identity.key, cell.line)
        if first != cell.line:
            self._problem(cell, f"The same device stands in line {first} already.")
        return first == cell.line

    def _part(self, cell: Cell | None, check: Callable[[str], T]) -> T | None:
        if cell is None or not cell.text:
            return None
        try:
            return check(cell.text)
        except InvalidError as error:
            self._problem(cell, error.detail)
            return None

    def _group_ids(self, cell: Cell | None) -> list[int]:
        names = [] if cell is None else [name for name in map(str.strip, cell.text.split(PARTS)) if name]
        found: dict[int, None] = {}
        for name in names:
            group = self._groups.get(name_key(name))
            if group is not None and group.named:
                found[group.id] = None
            elif cell is not None:
                why = "There is no group" if group is None else "A query decides who is in the group"
                self._problem(cell, f'{why} "{name[:100]}".')
        return list(found)

    def _problem(self, cell: Cell, text: str) -> None:
        self.reading.problems.append(CsvProblem(cell.line, cell.column, text))
