"""What a live table shows: a column is a header, a way to write and draw a cell, and a way to sort."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from console.core.texts import tr

Object = dict[str, Any]


class Kind(Enum):
    """How a cell is drawn; NUMBER is right-aligned with tabular figures, CHECK a box that can be ticked,
    STAR the same as a star."""

    TEXT = auto()
    STRONG = auto()
    MUTED = auto()
    NUMBER = auto()
    PILL = auto()
    TAGS = auto()
    SPARKLINE = auto()
    CHECK = auto()
    SHARES = auto()
    CELLS = auto()
    STAR = auto()


@dataclass(frozen=True)
class Pill:
    """A state: always a word on a tint (`good warning bad accent idle`), with more text `after` it."""

    word: str
    tone: str
    after: str = ""

    def __str__(self) -> str:
        return f"{self.word} {self.after}".rstrip()


@dataclass(frozen=True)
class Cell:
    """One of several states in one cell of a table: a glyph on a tint, and what it says in words."""

    glyph: str
    tone: str
    words: str


@dataclass(frozen=True)
class Column:
    """`text` is what is copied, exported, read aloud and, where `kind` needs no more, drawn.

    `value` is what PILL (a Pill or None), TAGS (words), SPARKLINE (samples, 0 to 100),
    SHARES ((tone, share) pairs of a bar), CELLS (Cells), CHECK and STAR (bool) draw. `sort` gives
    keys of one type; without it the text is compared without regard to case. `hidden` is how it begins.
    """

    key: str
    title: str
    text: Callable[[Object], str]
    kind: Kind = Kind.TEXT
    value: Callable[[Object], Any] | None = None
    sort: Callable[[Object], Any] | None = None
    width: int = 120
    hidden: bool = False

    @property
    def sort_key(self) -> Callable[[Object], Any]:
        if self.sort is not None:
            return self.sort
        text = self.text
        return lambda item: text(item).lower()


def chosen_column(is_chosen: Callable[[Object], bool]) -> Column:
    """A box before each; what is chosen comes first when it is sorted by that."""
    return Column(
        "chosen",
        "",
        lambda item: tr("chosen") if is_chosen(item) else tr("not chosen"),
        Kind.CHECK,
        is_chosen,
        sort=lambda item: not is_chosen(item),
        width=44,
    )


def pill_column(key: str, title: str, pill: Callable[[Object], Pill | None], **more: Any) -> Column:
    def text(item: Object) -> str:
        found = pill(item)
        return "" if found is None else str(found)

    return Column(key, title, text, Kind.PILL, pill, **more)


def tags_column(key: str, title: str, tags: Callable[[Object], Sequence[str]], **more: Any) -> Column:
    return Column(key, title, lambda item: ", ".join(tags(item)), Kind.TAGS, tags, **more)
