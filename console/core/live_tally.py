"""How many objects of a kind are of each sort, counted change by change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from console.core.live import LiveBatch, LiveStore


class LiveTally:
    """`sort_of` names an object's sort; `changed(sort, count)` follows each change of a count."""

    def __init__(
        self,
        live: LiveStore,
        kind: str,
        sort_of: Callable[[dict[str, Any]], str],
        changed: Callable[[str, int], None],
    ) -> None:
        self._sort_of = sort_of
        self._changed = changed
        self._sorts: dict[int, str] = {}
        self._counts: dict[str, int] = {}
        self.stop = live.subscribe(kind, self._take)

    def _take(self, batch: LiveBatch) -> None:
        before = dict(self._counts)
        gone = self._sorts.keys() - batch.changed.keys() if batch.reset else batch.removed
        for object_id in tuple(gone):
            old = self._sorts.pop(object_id, None)
            if old is not None:
                self._counts[old] -= 1
        sorts, counts, sort_of = self._sorts, self._counts, self._sort_of
        for object_id, item in batch.changed.items():
            old, new = sorts.get(object_id), sort_of(item)
            if old != new:
                sorts[object_id] = new
                counts[new] = counts.get(new, 0) + 1
                if old is not None:
                    counts[old] -= 1
        for sort, count in counts.items():
            if before.get(sort) != count:
                self._changed(sort, count)
