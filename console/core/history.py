"""Objects of one kind: what the live stream has, and older ones page by page. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from backend_lite.contract.common import Page
from backend_lite.contract.live import LIVE_ENDED_RUNS
from backend_lite.contract.states import Source
from console.core.client import ApiClient
from console.core.live import LiveBatch, LiveStore

Object = dict[str, Any]
Where = Mapping[str, str | int]

PAGE = 250
"""Few enough that a page is taken in within a frame or two."""


@dataclass
class _Reading:
    cursor: str | None = None
    complete: bool = False


class History:
    """`path` lists the objects, newest first, of `where`; the same are those for which `holds`.

    `is_open` tells the objects that still change. The live stream drops ended objects only when there are
    many, so what was seen stays; what was open and is missing from a new snapshot has ended unseen, and is
    dropped until it is read again.
    """

    def __init__(
        self,
        live: LiveStore,
        client: ApiClient,
        kind: str,
        path: str,
        is_open: Callable[[Object], bool],
        where: Where | None = None,
        holds: Callable[[Object], bool] = lambda _item: True,
    ) -> None:
        self._live, self._client = live, client
        self._kind, self._path = kind, path
        self._is_open, self._where, self._holds = is_open, dict(where or {}), holds
        self.objects: dict[int, Object] = self._mine(live.kind(kind))
        self._readings: dict[str, _Reading] = {}

    def is_complete(self, query: str = "") -> bool:
        """True when everything that matches `query` is known."""
        # A snapshot with room left holds all there are.
        return self._reading(query).complete or len(self._live.kind(self._kind)) < LIVE_ENDED_RUNS

    def has_read(self, query: str = "") -> bool:
        """True when pages have been read for `query`."""
        reading = self._readings.get(query)
        return reading is not None and (reading.complete or reading.cursor is not None)

    def take(self, batch: LiveBatch) -> LiveBatch:
        """The part of a live batch that belongs here; after a reset everything that is known."""
        mine = self._mine(batch.changed)
        if batch.reset:
            self.objects = {
                **{key: item for key, item in self.objects.items() if self._is_final(item)},
                **mine,
            }
            self._readings.clear()
            return LiveBatch(True, dict(self.objects), frozenset())
        gone = frozenset(key for key in batch.removed if self.objects.pop(key, None) is not None)
        self.objects.update(mine)
        return LiveBatch(False, mine, gone)

    async def older(self, query: str = "") -> dict[int, Object]:
        """The next objects that were not known, one page of them at most; empty at the end."""
        reading = self._reading(query)
        while not reading.complete:
            page = await self._page(reading.cursor, query)
            if self._readings.get(query) is not reading:
                return {}
            reading.cursor, reading.complete = page.next, page.next is None
            if new := self._take_page(page.items):
                return new
        return {}

    def _reading(self, query: str) -> _Reading:
        return self._readings.setdefault(query, _Reading())

    def _mine(self, objects: Mapping[int, Object]) -> dict[int, Object]:
        return {key: item for key, item in objects.items() if self._holds(item)}

    def _is_final(self, item: Object) -> bool:
        return not self._is_open(item) and item.get("source") != Source.PRESUMED

    async def _page(self, cursor: str | None, query: str) -> Page[Object]:
        params = {**self._where, "limit": PAGE}
        if query:
            params["q"] = query
        if cursor:
            params["cursor"] = cursor
        return await self._client.get(self._path, Page[Object], params)

    def _take_page(self, items: Iterable[Object]) -> dict[int, Object]:
        live = self._live.kind(self._kind)
        new = {
            item["id"]: item for item in items if item["id"] not in live and item["id"] not in self.objects
        }
        self.objects.update(new)
        return new
