"""The one writer thread, with group commit.

Up to BATCH writes share a transaction and its fsync. They run without savepoints; when one of them raises
after it has written, the batch is rolled back and replayed once, each write in a savepoint of its own, so
that only the failing one fails. Where that does not help (SQLite gives up the whole transaction when the disk
is full), each write gets a transaction of its own. A write therefore may run more than once. Results and
events go out after COMMIT.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Engine

from backend_lite.core.caller import Caller, current_caller
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import Event

T = TypeVar("T")
BATCH = 256

Work = Callable[[Unit], T]


@dataclass(slots=True)
class _Item:
    work: Work[Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    caller: Caller
    value: Any = None
    error: BaseException | None = None
    events: list[Event] = field(default_factory=list)


class _WroteAndFailedError(Exception):
    """A write raised after it had changed rows: the batch cannot be kept as it is."""


class Writer:
    """`publish` gets the events of each committed write, on the loop, before the write's caller goes on."""

    def __init__(self, engine: Engine, publish: Callable[[Iterable[Event]], None]) -> None:
        self._engine = engine
        self._publish = publish
        self._queue: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._connection: Connection | None = None
        self._thread = threading.Thread(target=self._work, name="database writer", daemon=True)
        self._closed = False

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Finish what is queued, then stop."""
        self._closed = True
        self._queue.put(None)
        self._thread.join()

    async def run(self, work: Work[T]) -> T:
        """The result of `work` once it is committed; what it raised if it was refused."""
        if self._closed:
            raise RuntimeError("the database is closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._queue.put(_Item(work, loop, future, current_caller()))
        # A caller that gives up must not undo what is about to be committed.
        return await asyncio.shield(future)

    def _work(self) -> None:
        while (batch := self._next_batch()) is not None:
            self._commit(batch)
            loop = batch[0].loop
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._deliver, batch)
        if self._connection is not None:
            self._connection.close()

    def _next_batch(self) -> list[_Item] | None:
        first = self._queue.get()
        if first is None:
            return None
        batch = [first]
        while len(batch) < BATCH and not self._queue.empty():
            item = self._queue.get()
            if item is None:
                self._queue.put(None)
                break
            batch.append(item)
        return batch

    def _commit(self, batch: list[_Item]) -> None:
        try:
            self._pass(batch, _run_plain)
        except Exception as error:
            if len(batch) > 1:
                self._replay(batch)
            else:
                cause = error.__cause__ if isinstance(error, _WroteAndFailedError) else None
                batch[0].error, batch[0].events = cause or error, []

    def _replay(self, batch: list[_Item]) -> None:
        try:
            self._pass(batch, _run_nested)
        except Exception:
            for item in batch:
                self._commit([item])

    def _pass(self, batch: list[_Item], run: Callable[[Connection, _Item], None]) -> None:
        connection, self._connection = self._connection or self._engine.connect(), None
        try:
            with connection.begin():
                for item in batch:
                    item.value, item.error, item.events = None, None, []
                    run(connection, item)
        except BaseException:
            connection.close()
            raise
        # Kept for the next batch: to get one costs as much as several writes.
        self._connection = connection

    def _deliver(self, batch: list[_Item]) -> None:
        for item in batch:
            if item.error is None:
                self._publish(item.events)
            if item.future.cancelled():
                continue
            if item.error is not None:
                item.future.set_exception(item.error)
                # Retrieved here as well: the caller may be gone.
                item.future.exception()
            else:
                item.future.set_result(item.value)


def _changes(connection: Connection) -> int:
    return cast("int", cast("Any", connection.connection.driver_connection).total_changes)


def _in_transaction(connection: Connection) -> bool:
    return cast("bool", cast("Any", connection.connection.driver_connection).in_transaction)


def _run_plain(connection: Connection, item: _Item) -> None:
    before = _changes(connection)
    try:
        _execute(connection, item)
    except Exception as error:
        if _changes(connection) != before or not _in_transaction(connection):
            raise _WroteAndFailedError from error
        item.error = error


def _run_nested(connection: Connection, item: _Item) -> None:
    try:
        with connection.begin_nested():
            _execute(connection, item)
    except Exception as error:
        if not _in_transaction(connection):
            raise
        item.error, item.events = error, []


def _execute(connection: Connection, item: _Item) -> None:
    unit = Unit(connection, item.caller)
    try:
        item.value = item.work(unit)
        unit.flush()
        item.events = unit.events
    finally:
        unit.close()
