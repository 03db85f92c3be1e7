"""The order of a live table's rows: sorted, filtered, and kept so while objects change. No Qt.

A row has a number that stays the same while it lives. What is shown is a list of row numbers; beside it
there are a sort key and one search string per row. Changed objects are taken at once, changed places only
when somebody asks for them (`plan`, `commit`), because moving rows costs more than repainting them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from operator import itemgetter
from typing import Any

Object = dict[str, Any]
SortKey = Callable[[Object], Any]
Predicate = Callable[[Object], bool]

FILTER_STEP = 250
"""Rows that are asked about in one step of a new filter."""
SORT_ANEW = 16
"""With more than this part of the rows out of place, sorting all of them is quicker than placing each."""


def both(first: Predicate | None, second: Predicate | None) -> Predicate | None:
    """None holds for everything."""
    if first is None or second is None:
        return first or second
    return lambda item: first(item) and second(item)


@dataclass
class _Filter:
    """Rows that hold every word and for which `predicate` holds; `passes[row]` is what it says of a row.

    `found` are those of `among`, as long as nothing is `asked_again`.
    """

    words: list[str] = field(default_factory=list)
    predicate: Predicate | None = None
    passes: bytearray = field(default_factory=bytearray)
    among: list[int] | None = None
    found: list[int] = field(default_factory=list)
    asked_again: bool = False

    @property
    def hides(self) -> bool:
        return bool(self.words) or self.predicate is not None

    def ask(self, row: int, text: str, item: Object) -> None:
        """Remembers anew whether the row is shown."""
        shown = all(word in text for word in self.words)
        if shown and self.predicate is not None:
            shown = self.predicate(item)
        if row >= len(self.passes):
            self.passes.extend(bytes(row + 1 - len(self.passes)))
        self.passes[row] = shown
        self.asked_again = True

    def of(self, order: list[int]) -> list[int]:
        """Those of `order` that are shown."""
        if not self.hides:
            return order
        if order is not self.among or self.asked_again:
            passes, self.asked_again = self.passes, False
            self.among, self.found = order, list(compress(order, map(passes.__getitem__, order)))
        return self.found


@dataclass(frozen=True)
class Plan:
    """How the shown rows get from their present places to the right ones.

    First the `removed` positions go (highest first), then the rest takes the order `survivors` (None when
    it has it already), then rows come in at the `inserted` (position, row) (lowest first).
    """

    removed: list[int]
    survivors: list[int] | None
    inserted: list[tuple[int, int]]

    @property
    def changes(self) -> int:
        return len(self.removed) + len(self.inserted)


class RowIndex:
    """`search_of` gives the text that the filter looks at, in lower case, from the fields `searched` only
    (none: from any); `key_of` gives sort keys of one type, ties are broken by id."""

    def __init__(
        self, search_of: Callable[[Object], str], key_of: SortKey, searched: Sequence[str] = ()
    ) -> None:
        self._search_of = search_of
        self._searched = itemgetter(*searched) if len(searched) > 1 else None
        self._key_of = key_of
        self.rows: list[Object] = []
        self.shown: list[int] = []
        self.descending = False
        self._ids: list[int] = []
        self._keys: list[Any] = []
        self._search: list[str] = []
        self._number: dict[int, int] = {}
        self._free: list[int] = []
        self._newest: int | None = None
        self._ascending = True
        self._everyone: list[int] = []
        self._misplaced: set[int] = set()
        self._gone: set[int] = set()
        self._filter = _Filter()
        self._next_filter: _Filter | None = None
        self._next_shown: list[int] | None = None

    def __len__(self) -> int:
        """How many objects there are, shown or not."""
        return len(self._number)

    @property
    def settled(self) -> bool:
        """True when every row is in its place."""
        return not (self._misplaced or self._gone)

    @property
    def misplaced(self) -> frozenset[int]:
        return frozenset(self._misplaced)

    def number(self, object_id: int) -> int | None:
        """The row of an object, None when there is no such object."""
        return self._number.get(object_id)

    def id_of(self, row: int) -> int:
        return self._ids[row]

    def position(self, row: int) -> int | None:
        """Where a row is shown; None when the filter hides it."""
        try:
            return self.shown.index(row)
        except ValueError:
            return None

    def ids_at(self, positions: Iterable[int]) -> list[int]:
        ids, shown = self._ids, self.shown
        return [ids[shown[at]] for at in positions]

    def positions(self, object_ids: Iterable[int]) -> list[int]:
        """Where these objects are shown, from top to bottom; those that are not are left out."""
        number = self._number
        wanted = {number[key] for key in object_ids if key in number}
        return [at for at, row in enumerate(self.shown) if row in wanted] if wanted else []

    def add_slice(self, objects: Iterable[Object]) -> None:
        """Takes objects while the index is being built; `built` ends that."""
        for item in objects:
            self._add(item)

    def built(self) -> None:
        self._sort()

    def apply(self, changed: Mapping[int, Object], removed: Iterable[int] = ()) -> set[int]:
        """Takes new states of objects; answers the rows to repaint."""
        touched = set()
        for object_id, item in changed.items():
            row = self._number.get(object_id)
            if row is None:
                self._misplaced.add(self._add(item))
            else:
                self._change(row, item)
                touched.add(row)
        for object_id in removed:
            row = self._number.pop(object_id, None)
            if row is not None:
                self._gone.add(row)
                self._misplaced.discard(row)
        return touched

    def sort_by(self, key_of: SortKey, descending: bool) -> None:
        """Sorts by other keys, at once."""
        self._key_of = key_of
        if self._free:
            for row in self._number.values():
                self._keys[row] = key_of(self.rows[row])
        else:
            self._keys = list(map(key_of, self.rows))
        self.descending = descending
        self._sort()

    def reverse(self) -> None:
        """The other direction, at once."""
        self.descending = not self.descending
        self.shown = self.shown[::-1]

    def filter(self, words: Sequence[str], predicate: Predicate | None = None) -> None:
        """Shows only rows whose search string holds every word and for which `predicate` holds, at once."""
        for _step in self.filtering(words, predicate):
            pass
        self.use_filter()

    def filtering(self, words: Sequence[str], predicate: Predicate | None = None) -> Iterator[None]:
        """Asks about the rows some at each step, with changes in between; `use_filter` ends that.

        Until then what is shown stays as it is. Another one that begins takes the place of this one.
        """
        # The longest word first: it leaves the least for the others.
        wanted = _Filter(sorted((word.lower() for word in words), key=len, reverse=True), predicate)
        wanted.passes = bytearray(len(self.rows))
        self._next_filter = wanted
        known = self.settled and len(self._everyone) == len(self._number)
        order = self._everyone if known else list(self._number.values())
        if not wanted.hides:
            return
        for start in range(0, len(order), FILTER_STEP):
            wanted.found += self._asked_first(wanted, order[start : start + FILTER_STEP])
            yield
        wanted.among = order

    def _asked_first(self, wanted: _Filter, part: list[int]) -> list[int]:
        """Those of some rows that are shown; a word is looked for in all of them, which is quick."""
        search, rows, passes, predicate = self._search, self.rows, wanted.passes, wanted.predicate
        for word in wanted.words:
            part = [row for row in part if word in search[row]]
        if predicate is not None:
            # A row that has gone meanwhile has no object.
            part = [row for row in part if rows[row] and predicate(rows[row])]
        for row in part:
            passes[row] = True
        return part

    def filter_changes_nothing(self) -> bool:
        """Whether `use_filter` would show what is shown already."""
        assert self._next_filter is not None
        return self.settled and self._directed(self._next_filter.of(self._everyone)) == self.shown

    def use_filter(self) -> None:
        """Shows what `filtering` has found."""
        assert self._next_filter is not None
        self._filter, self._next_filter = self._next_filter, None
        if not self.settled:
            self._everyone = self._placed(self._everyone)
            self._settle()
        self.shown = self._directed(self._filter.of(self._everyone))

    def plan(self) -> Plan:
        """What `commit` will do to the shown rows."""
        out = self._misplaced | self._gone
        everyone = self._placed(self._everyone)
        new = self._directed(self._filter.of(everyone))
        was = {row for row in self.shown if row in out}
        now = {row for row in self._misplaced if self._is_shown(row)}
        gone, come = was - now, now - was
        removed = [at for at, row in enumerate(self.shown) if row in gone] if gone else []
        inserted = [(at, row) for at, row in enumerate(new) if row in come] if come else []
        survivors = [row for row in new if row not in come] if come else new
        before = [row for row in self.shown if row not in gone] if gone else self.shown
        self._everyone, self._next_shown = everyone, new
        return Plan(removed[::-1], None if survivors == before else survivors, inserted)

    def commit(self) -> None:
        """Ends what `plan` began: every row is in its place."""
        if self._next_shown is not None:
            self.shown = self._next_shown
            self._next_shown = None
        self._settle()

    def _add(self, item: Object) -> int:
        object_id: int = item["id"]
        row = self._number.get(object_id)
        if row is not None:
            self._change(row, item)
            return row
        if self._free:
            row = self._free.pop()
            self.rows[row], self._ids[row] = item, object_id
            self._keys[row], self._search[row] = self._key_of(item), self._search_of(item)
        else:
            row = len(self.rows)
            self.rows.append(item)
            self._ids.append(object_id)
            self._keys.append(self._key_of(item))
            self._search.append(self._search_of(item))
        self._number[object_id] = row
        self._ask(row)
        # As long as ids only grow, the dict has them in their order.
        if self._newest is not None and object_id < self._newest:
            self._ascending = False
        self._newest = object_id
        return row

    def _change(self, row: int, item: Object) -> None:
        rows, searched = self.rows, self._searched
        was_shown = self._is_shown(row)
        # Most changes are figures: the values that are searched are the very same objects then.
        if searched is None or searched(rows[row]) != searched(item):
            self._search[row] = self._search_of(item)
        rows[row] = item
        key = self._key_of(item)
        if key != self._keys[row]:
            self._keys[row] = key
            self._misplaced.add(row)
        self._ask(row)
        if self._is_shown(row) != was_shown:
            self._misplaced.add(row)

    def _ask(self, row: int) -> None:
        for filter_ in (self._filter, self._next_filter):
            if filter_ is not None and filter_.hides:
                filter_.ask(row, self._search[row], self.rows[row])

    def _is_shown(self, row: int) -> bool:
        return not self._filter.hides or bool(self._filter.passes[row])

    def _directed(self, order: list[int]) -> list[int]:
        return order[::-1] if self.descending else order

    def _sort(self) -> None:
        self._everyone = self._sorted()
        self._settle()
        self.shown = self._directed(self._filter.of(self._everyone))

    def _sorted(self) -> list[int]:
        # Ties keep the order of ids, because sorting is stable.
        order = list(self._number.values())
        if not self._ascending:
            order.sort(key=self._ids.__getitem__)
        order.sort(key=self._keys.__getitem__)
        return order

    def _settle(self) -> None:
        for row in self._gone:
            self.rows[row], self._search[row] = {}, ""
        self._free.extend(self._gone)
        self._gone.clear()
        self._misplaced.clear()

    def _placed(self, order: list[int]) -> list[int]:
        """`order` with the rows that are out of place where they belong, and without those that are gone."""
        out = self._misplaced | self._gone
        if not out:
            return order
        if len(out) > len(order) // SORT_ANEW:
            return self._sorted()
        keys, ids = self._keys, self._ids
        kept = [row for row in order if row not in out]
        moving = sorted(self._misplaced, key=ids.__getitem__)
        moving.sort(key=keys.__getitem__)
        placed: list[int] = []
        start = 0
        for row in moving:
            at = self._place_of(row, kept, start)
            placed += kept[start:at]
            placed.append(row)
            start = at
        return placed + kept[start:]

    def _place_of(self, row: int, order: list[int], low: int) -> int:
        keys, ids = self._keys, self._ids
        key, object_id = keys[row], ids[row]
        high = len(order)
        while low < high:
            middle = (low + high) // 2
            other = order[middle]
            if keys[other] < key or (keys[other] == key and ids[other] < object_id):
                low = middle + 1
            else:
                high = middle
        return low
