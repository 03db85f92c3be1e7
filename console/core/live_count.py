"""How many objects of a kind there are, counted change by change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from console.core.live import LiveBatch, LiveStore

Predicate = Callable[[dict[str, Any]], bool]


class LiveCount:
    """`value` is the number of objects for which `counts` holds; `changed(value)` follows each change."""

    def __init__(
        self, live: LiveStore, kind: str, changed: Callable[[int], None], counts: Predicate | None = None
    ) -> None:
        self._counts = counts
        self._changed = changed
        self._ids: set[int] = set()
        self._told: int | None = None
        self.stop = live.subscribe(kind, self._take)

    @property
    def value(self) -> int:
        return len(self._ids)

    def _take(self, batch: LiveBatch) -> None:
        if batch.reset:
            self._ids.clear()
        for object_id, item in batch.changed.items():
            if self._counts is None or self._counts(item):
                self._ids.add(object_id)
            else:
                self._ids.discard(object_id)
        self._ids -= batch.removed
        if self._told != self.value:
            self._told = self.value
            self._changed(self.value)
