"""What many devices say at the same time, handled by one write."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from backend_lite.core.db.database import Database
from backend_lite.core.db.unit import Unit

T = TypeVar("T")
R = TypeVar("R")

TOGETHER = 500
"""So many items are handled by one write at most; others wait for it meanwhile."""


class Gathering(Generic[T, R]):
    """Items that come while a write is under way are handled together by the next one; a single one goes at
    once. `work(unit, items)` gives a result for each. Where it raises, each item gets a write of its own, so
    that only the one that cannot be handled fails."""

    def __init__(self, database: Database, work: Callable[[Unit, Sequence[T]], Sequence[R]]) -> None:
        self._database = database
        self._work = work
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._last: asyncio.Future[R] | None = None

    async def handle(self, item: T) -> R:
        """The result of the item once it is committed; what its handling raised if it was not."""
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        self._last = future
        if self._writing is None:
            self._writing = asyncio.create_task(self._write(), name="gathered writes")
        return await future

    async def settled(self) -> None:
        """Back when everything that came before is handled."""
        if self._last is not None and not self._last.done():
            await asyncio.wait({self._last})

    async def _write(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:TOGETHER], self._waiting[TOGETHER:]
                await self._handle(batch)
        finally:
            self._writing = None

    async def _handle(self, batch: Sequence[tuple[T, asyncio.Future[R]]]) -> None:
        items = [item for item, _ in batch]
        try:
            results = await self._database.write(lambda unit: self._work(unit, items))
        except Exception as error:
            if len(batch) > 1:
                await asyncio.gather(*(self._handle([one]) for one in batch))
            elif not batch[0][1].done():
                batch[0][1].set_exception(error)
            return
        for (_, future), result in zip(batch, results, strict=True):
            # A caller that has given up does not undo what is committed.
            if not future.done():
                future.set_result(result)
