"""The database as the areas see it: `write` and `read`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from sqlalchemy.orm import Session

from backend_lite.core.db.engine import reader_engine, writer_engine
from backend_lite.core.db.unit import Unit
from backend_lite.core.db.writer import Writer
from backend_lite.core.events.bus import Event

T = TypeVar("T")
READERS = 2


class Database:
    """An open database file whose schema is current (see `migrate`)."""

    def __init__(self, path: Path, publish: Callable[[Iterable[Event]], None]) -> None:
        self._write_engine = writer_engine(path)
        self._read_engine = reader_engine(path, READERS)
        self._writer = Writer(self._write_engine, publish)
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="database reader")
        self._writer.start()

    async def write(self, work: Callable[[Unit], T]) -> T:
        """Run `work` in the writer; return its value once it is durable, or raise what it raised."""
        return await self._writer.run(work)

    async def read(self, work: Callable[[Session], T]) -> T:
        """Run `work` on a read-only snapshot, in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, work)

    def close(self) -> None:
        self._writer.close()
        self._pool.shutdown()
        self._read_engine.dispose()
        self._write_engine.dispose()

    def _read(self, work: Callable[[Session], T]) -> T:
        with Session(self._read_engine) as session:
            return work(session)
